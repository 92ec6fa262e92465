import { Input, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import { at, type Part } from '../parts/place';
import { Row } from '../parts/Row';
import type { Draft } from './draft';

/** Name, description, and whether it tells. */
export function Basics({ isNew, limit, ...part }: Part<Draft> & { isNew: boolean; limit: number }) {
  const { t } = useTranslation();
  const { value: draft, set } = part;
  return (
    <section className="card">
      <h2>{t('rule.basics')}</h2>
      <Row label={t('rule.name')} help={isNew ? t('rule.nameHelp') : t('rule.nameFixed')} {...at(part, 'name')}>
        {(tied) => (
          <Input {...tied} value={draft.name} disabled={!isNew} maxLength={127} autoComplete="off" spellCheck={false} required placeholder="dlc-failed" onChange={(event) => set({ name: event.target.value })} />
        )}
      </Row>
      <Row label={t('rule.description')} required={false} {...at(part, 'description')}>
        {(tied) => (
          <Input.TextArea {...tied} value={draft.description} autoSize={{ minRows: 2, maxRows: 6 }} count={{ show: true, max: limit }} onChange={(event) => set({ description: event.target.value })} />
        )}
      </Row>
      <Row label={t('rule.enabled')} help={t('rule.enabledHelp')}>
        {({ id, 'aria-describedby': described }) => <Switch id={id} aria-describedby={described} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />}
      </Row>
    </section>
  );
}
