import { Input, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Field } from '../api/types';
import { Row } from '../parts/Row';
import { faultsAt, type Draft } from './draft';

export interface PartProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  faults: Field[];
  touch: (path: string) => void;
}

/** Name, description, and whether it tells. */
export function Basics({ draft, change, faults, touch, isNew, limit }: PartProps & { isNew: boolean; limit: number }) {
  const { t } = useTranslation();
  return (
    <section className="card">
      <h2>{t('rule.basics')}</h2>
      <Row label={t('rule.name')} path="name" faults={faultsAt(faults, 'name')} help={isNew ? t('rule.nameHelp') : t('rule.nameFixed')} onLeave={() => touch('name')}>
        {(tied) => (
          <Input {...tied} value={draft.name} disabled={!isNew} maxLength={127} autoComplete="off" spellCheck={false} required placeholder="dlc-failed" onChange={(event) => change({ name: event.target.value })} />
        )}
      </Row>
      <Row label={t('rule.description')} required={false} path="description" faults={faultsAt(faults, 'description')} onLeave={() => touch('description')}>
        {(tied) => (
          <Input.TextArea {...tied} value={draft.description} autoSize={{ minRows: 2, maxRows: 6 }} count={{ show: true, max: limit }} onChange={(event) => change({ description: event.target.value })} />
        )}
      </Row>
      <Row label={t('rule.enabled')} help={t('rule.enabledHelp')}>
        {({ id, 'aria-describedby': described }) => <Switch id={id} aria-describedby={described} checked={draft.enabled} onChange={(enabled) => change({ enabled })} />}
      </Row>
    </section>
  );
}
