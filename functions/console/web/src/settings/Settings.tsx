import { Alert, App, Button, ConfigProvider, Input, InputNumber, Radio, Switch } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, Refused } from '../api/client';
import { useSettings } from '../api/queries';
import type { Field, Settings } from '../api/types';
import { FaultList } from '../parts/FaultList';
import { Heading } from '../parts/Heading';
import { at, type Part } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { Zone } from '../parts/Zone';
import { useMay } from '../session';
import { Senders } from './Senders';

export function SettingsPage() {
  const { t } = useTranslation();
  const settings = useSettings();
  return (
    <>
      <Heading title={t('settings.title')} lead={t('settings.lead')} />
      <Loaded query={settings}>{(now) => <SettingsForm key={JSON.stringify(now)} now={now} />}</Loaded>
    </>
  );
}

function SettingsForm({ now }: { now: Settings }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const may = useMay('admin');
  const [draft, setDraft] = useState(now);
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState<Field[]>([]);
  const [error, setError] = useState<unknown>();
  const dirty = useMemo(() => JSON.stringify(draft) !== JSON.stringify(now), [draft, now]);
  const set = (change: Partial<Settings>) => setDraft((before) => ({ ...before, ...change }));
  const part: Part<Settings> = { value: draft, set, path: '', faults, touch: () => {} };
  const save = async () => {
    setBusy(true);
    setError(undefined);
    setFaults([]);
    try {
      const { body } = await call<Settings>('PUT', 'settings', { body: draft });
      client.setQueryData(['settings'], body);
      void message.success(t('settings.saved'));
    } catch (failure) {
      if (failure instanceof Refused && failure.problem.errors?.length) setFaults(failure.problem.errors);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const days = (name: 'keepToldDays' | 'keepDeadDays', label: string, otherwise: number) => (
    <Row label={label} help={t('settings.keepHelp', { n: otherwise })} {...at(part, name)}>
      {(tied) => <InputNumber {...tied} min={0} max={3650} value={draft[name] ?? 0} suffix={t('settings.days')} onChange={(value) => set({ [name]: value ?? 0 })} />}
    </Row>
  );
  return (
    <form className="stack settings" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <TroubleNote error={error} />
      {faults.length > 0 && <FaultList title={t('settings.faults')} faults={faults} />}
      {!may && <Alert type="info" showIcon message={t('settings.onlyAdmin')} />}
      <ConfigProvider componentDisabled={!may}>
        <section className="card">
          <h2>{t('settings.messages')}</h2>
          <Group label={t('settings.language')} help={t('settings.languageHelp')} {...at(part, 'language')}>
            <Radio.Group name="language" value={draft.language} onChange={(event) => set({ language: String(event.target.value) })} options={[{ value: 'zh', label: <span lang="zh">中文</span> }, { value: 'en', label: <span lang="en">English</span> }]} />
          </Group>
          <Row label={t('settings.zone')} help={t('settings.zoneHelp')} {...at(part, 'zone')}>
            {(tied) => <Zone tied={tied} value={draft.zone} set={(zone) => set({ zone })} />}
          </Row>
          <Row label={t('settings.console')} required={false} help={t('settings.consoleHelp')} {...at(part, 'consoleHost')}>
            {(tied) => <Input {...tied} value={draft.consoleHost} autoComplete="off" spellCheck={false} onChange={(event) => set({ consoleHost: event.target.value })} />}
          </Row>
          <Row label={t('settings.paused')} help={t('settings.pausedHelp')}>
            {({ id, 'aria-describedby': described }) => <Switch id={id} aria-describedby={described} checked={draft.paused ?? false} onChange={(paused) => set({ paused })} />}
          </Row>
        </section>
        <Senders {...part} />
        <section className="card">
          <h2>{t('settings.limits')}</h2>
          <div className="threeColumns">
            <Row label={t('settings.units')} help={t('settings.unitsHelp')} {...at(part, 'unitsPerRule')}>
              {(tied) => <InputNumber {...tied} min={0} max={100} value={draft.unitsPerRule ?? 0} onChange={(value) => set({ unitsPerRule: value ?? 0 })} />}
            </Row>
            {days('keepToldDays', t('settings.keepTold'), 30)}
            {days('keepDeadDays', t('settings.keepDead'), 90)}
          </div>
        </section>
        <section className="card">
          <h2>{t('settings.expert')}</h2>
          <Row label={t('settings.override')} required={false} help={t('settings.overrideHelp')} {...at(part, 'catalogOverride')}>
            {(tied) => <Input.TextArea {...tied} className="mono" spellCheck={false} autoSize={{ minRows: 4, maxRows: 24 }} value={draft.catalogOverride ?? ''} onChange={(event) => set({ catalogOverride: event.target.value })} />}
          </Row>
        </section>
      </ConfigProvider>
      <div className="actions">
        <Button type="primary" htmlType="submit" size="large" loading={busy} disabled={!dirty || !may}>{t('common.save')}</Button>
        {dirty && <Button size="large" onClick={() => setDraft(now)}>{t('common.cancel')}</Button>}
      </div>
    </form>
  );
}
