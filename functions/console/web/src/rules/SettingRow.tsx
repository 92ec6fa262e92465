import { Button, Input, Radio } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Secret, Setting } from '../api/types';
import { Group, Row } from '../parts/Row';
import { said } from '../text';
import { hint } from './shown';

interface SettingRowProps {
  field: Setting;
  name: string; // of an input of several, unlike all others of the page
  value: string | undefined;
  kept?: Secret; // what the API keeps of a secret
  set: (value: string | undefined) => void;
  path: string;
  faults: string[];
  onLeave: () => void;
}

/** One setting of a channel, as the channel describes it. */
export function SettingRow({ field, name, value, kept, set, path, faults, onLeave }: SettingRowProps) {
  const { t, i18n } = useTranslation();
  const label = said(field.label, i18n.language);
  const help = said(field.help, i18n.language);
  if (field.options && field.options.length > 0) {
    return (
      <Group label={label} path={path} faults={faults} help={help}>
        <Radio.Group name={name} value={value ?? ''} onChange={(event) => set(String(event.target.value) || undefined)} options={[...(field.required ? [] : [{ value: '', label: t('rule.any') }]), ...field.options.map((one) => ({ value: one, label: said(field.called?.[one], i18n.language) || one }))]} />
      </Group>
    );
  }
  return (
    <Row label={label} required={field.required} path={path} faults={faults} help={help} onLeave={onLeave}>
      {(tied) => {
        if (kept && value === undefined) {
          return (
            <div className="row kept">
              <Input {...tied} value={t('rule.kept', { what: hint(kept) })} readOnly />
              <Button onClick={() => set('')} aria-label={`${t('rule.replace')}: ${label}`}>{t('rule.replace')}</Button>
            </div>
          );
        }
        const Box = field.secret && !field.address ? Input.Password : Input;
        return (
          <div className="row kept">
            <Box {...tied} value={value ?? ''} autoComplete="off" spellCheck={false} required={field.required} placeholder={placeholder(field)} onChange={(event) => set(event.target.value)} />
            {kept && <Button onClick={() => set(undefined)} aria-label={`${t('rule.keep')}: ${label}`}>{t('rule.keep')}</Button>}
            {kept && !field.required && value === '' && <span className="help">{t('rule.cleared')}</span>}
          </div>
        );
      }}
    </Row>
  );
}

function placeholder(field: Setting): string | undefined {
  const address = field.address;
  if (!address) return undefined;
  const host = address.hosts?.[0];
  return host ? `https://${host}${address.path ?? '/'}${address.token ? `?${address.token}=` : ''}…` : 'https://';
}
