import { App, Button, Input, Modal, Radio, Select } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client';
import { rulePath, useCatalog } from '../api/queries';
import type { Rule } from '../api/types';
import { exact } from '../parts/Moment';
import { Group, Row } from '../parts/Row';
import { TroubleNote } from '../parts/Trouble';
import { useChannelTitle } from './shown';

const hour = 3_600_000;
const spans = ['hour', 'hours', 'morning', 'week', 'own'] as const;
type For = (typeof spans)[number];

function end(span: For, own: string): Date {
  const now = Date.now();
  if (span === 'own') return new Date(own);
  if (span !== 'morning') return new Date(now + { hour, hours: 4 * hour, week: 168 * hour }[span]);
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  return morning;
}

/** A time as an input of the browser has it, in the reader's zone. */
function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Holds back what a rule, or one target of it, tells until a time, and lets it go on. */
export function MuteDialog({ workspace, rule, close }: { workspace: string; rule: Rule; close: () => void }) {
  const { t, i18n } = useTranslation();
  const title = useChannelTitle();
  const { message } = App.useApp();
  const client = useQueryClient();
  const days = (useCatalog().data?.limits.muteHours ?? 720) / 24;
  const [target, setTarget] = useState('');
  const [span, setSpan] = useState<For>('hour');
  const [own, setOwn] = useState(local(new Date(Date.now() + hour)));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const whole = t('mute.whole');
  const send = async (verb: 'mute' | 'unmute', body: { target?: string; until?: string }, said: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await call('POST', `${rulePath(workspace, rule.name)}:${verb}`, { body });
      void message.success(said);
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      await client.invalidateQueries({ queryKey: ['rules', workspace] });
      setBusy(false);
    }
  };
  const of = (id: string) => (id ? { target: id } : {});
  const until = end(span, own);
  const late = Number.isNaN(until.getTime());
  return (
    <Modal
      open
      title={t('mute.title', { name: rule.name })}
      okText={t('mute.go')}
      onOk={() => void send('mute', { ...of(target), until: until.toISOString() }, t('mute.done'))}
      okButtonProps={{ disabled: late }}
      confirmLoading={busy}
      onCancel={close}
    >
      <p className="lead">{t('mute.lead')}</p>
      <TroubleNote error={error} />
      {rule.muted && rule.muted.length > 0 && (
        <div className="formRow">
          <strong>{t('mute.now')}</strong>
          <ul className="mutes">
            {rule.muted.map((one) => (
              <li key={one.target ?? ''} className="row">
                <span className="wrap">{t('mute.badgeHelp', { what: one.target ?? whole, when: exact(new Date(one.until), i18n.language) })}</span>
                <Button size="small" disabled={busy} aria-label={t('mute.liftOf', { what: one.target ?? whole })} onClick={() => void send('unmute', of(one.target ?? ''), t('mute.lifted'))}>{t('mute.lift')}</Button>
              </li>
            ))}
          </ul>
        </div>
      )}
      <Row label={t('mute.what')}>
        {({ id }) => <Select id={id} value={target} onChange={setTarget} options={[{ value: '', label: whole }, ...rule.targets.map((one) => ({ value: one.id, label: `${one.id} (${title(one.channel)})` }))]} />}
      </Row>
      <Group label={t('mute.until')}>
        <Radio.Group name="mute" className="upright" value={span} onChange={(event) => setSpan(event.target.value as For)} options={spans.map((one) => ({ value: one, label: t(`mute.${one}`) }))} />
      </Group>
      {span === 'own' && (
        <Row label={t('mute.ownAt')} help={t('mute.ownHelp', { days })}>
          {({ id, 'aria-describedby': described }) => <Input id={id} aria-describedby={described} type="datetime-local" value={own} min={local(new Date())} max={local(new Date(Date.now() + days * 24 * hour))} onChange={(event) => setOwn(event.target.value)} />}
        </Row>
      )}
    </Modal>
  );
}
