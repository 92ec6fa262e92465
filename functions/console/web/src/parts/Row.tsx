import { useId, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** What an input of a row must carry, so that its label, help and fault are read with it. */
export interface Tied {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
  status: '' | 'error';
}

interface RowProps {
  label: ReactNode;
  required?: boolean;
  help?: ReactNode;
  faults?: string[];
  path?: string; // in the document that is edited: where a fault's link leads
  onLeave?: () => void;
  children: (tied: Tied) => ReactNode;
}

/** One line of a form: label, input, help, and what is wrong with it. */
export function Row({ label, required, help, faults = [], path, onLeave, children }: RowProps) {
  const { t } = useTranslation();
  const id = useId();
  const wrong = faults.length > 0;
  const described = [wrong && `${id}-wrong`, help && `${id}-help`].filter(Boolean).join(' ') || undefined;
  return (
    <div className={wrong ? 'formRow wrong' : 'formRow'} data-path={path} onBlur={onLeave}>
      <label htmlFor={id}>
        {label} {required === false && <span className="optional">({t('common.optional')})</span>}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': wrong || undefined, status: wrong ? 'error' : '' })}
      {wrong && <div className="fault" id={`${id}-wrong`} role="alert">{faults.map((one) => <p key={one}>{one}</p>)}</div>}
      {help && <div className="help" id={`${id}-help`}>{help}</div>}
    </div>
  );
}

/** Several inputs under one name. */
export function Group({ label, help, faults = [], path, children }: { label: ReactNode; help?: ReactNode; faults?: string[]; path?: string; children: ReactNode }) {
  const id = useId();
  return (
    <fieldset className={faults.length > 0 ? 'formRow wrong plain' : 'formRow plain'} data-path={path} aria-describedby={faults.length > 0 ? id : undefined}>
      <legend>{label}</legend>
      {children}
      {faults.length > 0 && <div className="fault" id={id} role="alert">{faults.map((one) => <p key={one}>{one}</p>)}</div>}
      {help && <div className="help">{help}</div>}
    </fieldset>
  );
}
