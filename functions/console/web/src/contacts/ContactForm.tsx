import { Alert, App, Button, Drawer, Input, Radio } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, Refused } from '../api/client';
import type { Contact, Field, TestResult } from '../api/types';
import { faultsAt } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { TroubleNote } from '../parts/Trouble';
import { useChannelTitle } from '../rules/shown';
import { Diagnosis } from '../rules/TestButton';
import { useMay } from '../session';

type Draft = Partial<Contact>;
export const fields = ['name', 'id', 'phone', 'email', 'zone', 'dingtalk', 'wecom', 'lark', 'paiUser', 'note'] as const;

/** One contact: to make, change, test or delete it. */
export function ContactForm({ contact, close }: { contact: Contact | undefined; close: () => void }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const client = useQueryClient();
  const may = useMay('editor');
  const [draft, setDraft] = useState<Draft>(contact ?? { name: '' });
  const [faults, setFaults] = useState<Field[]>([]);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const path = `contacts/${encodeURIComponent(contact?.id ?? '')}`;
  const work = async (do_: () => Promise<unknown>, said: string) => {
    setBusy(true);
    setError(undefined);
    setFaults([]);
    try {
      await do_();
      void message.success(said);
      await client.invalidateQueries({ queryKey: ['contacts'] });
      close();
    } catch (failure) {
      if (failure instanceof Refused && failure.problem.errors?.length) setFaults(failure.problem.errors);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const remove = (force: boolean) => work(() => call('DELETE', path, { query: { force: force || undefined } }), t('contacts.deleted'));
  const rules = error instanceof Refused ? (error.problem.rules ?? []) : [];
  return (
    <Drawer open width="min(560px, 100vw)" title={contact?.name ?? t('contacts.make')} onClose={close} destroyOnHidden>
      <form className="stack" noValidate onSubmit={(event) => { event.preventDefault(); void work(() => (contact ? call('PUT', path, { body: draft }) : call('POST', 'contacts', { body: draft })), t('common.saved')); }}>
        {contact?.masked && <Alert type="info" showIcon message={t('contacts.masked')} />}
        {rules.length > 0
          ? (
            <Alert
              type="warning" showIcon role="alert" message={t('contacts.inUse')}
              description={<><ul className="faultList">{rules.map((one) => <li key={one.workspace + one.rule + one.target}>{one.workspace} › {one.rule} › {one.target}</li>)}</ul><Button danger size="small" onClick={() => void remove(true)}>{t('contacts.force')}</Button></>}
            />
          )
          : <TroubleNote error={error} />}
        <div>
          {fields.map((name) => (
            <Row key={name} label={t(`contacts.${name}`)} required={name === 'name' || (name === 'id' && contact) ? undefined : false} faults={faultsAt(faults, name)} help={name === 'id' && contact ? undefined : t(`contacts.helps.${name}`)}>
              {(tied) => <Input {...tied} value={draft[name] ?? ''} disabled={!may || (name === 'id' && contact !== undefined)} type={name === 'email' ? 'email' : name === 'phone' ? 'tel' : 'text'} autoComplete="off" onChange={(event) => setDraft({ ...draft, [name]: event.target.value || undefined })} />}
            </Row>
          ))}
          <Group label={t('language')} faults={faultsAt(faults, 'language')}>
            <Radio.Group name="contact-language" disabled={!may} value={draft.language ?? ''} onChange={(event) => setDraft({ ...draft, language: String(event.target.value) || undefined })} options={[{ value: '', label: t('rule.any') }, { value: 'zh', label: <span lang="zh">中文</span> }, { value: 'en', label: <span lang="en">English</span> }]} />
          </Group>
        </div>
        {contact && may && contact.channels.map((channel) => <TestContact key={channel} path={path} channel={channel} />)}
        {may && (
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('common.save')}</Button>
            <span className="space" />
            {contact && <Button danger disabled={busy} onClick={() => modal.confirm({ title: t('contacts.deleteTitle', { name: contact.name }), okText: t('common.remove'), okButtonProps: { danger: true }, onOk: () => remove(false) })}>{t('common.remove')}</Button>}
          </div>
        )}
      </form>
    </Drawer>
  );
}

function TestContact({ path, channel }: { path: string; channel: string }) {
  const { t } = useTranslation();
  const title = useChannelTitle();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<TestResult>();
  const [error, setError] = useState<unknown>();
  const test = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setResult((await call<TestResult>('POST', `${path}:test`, { body: { channel } })).body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="test" aria-live="polite">
      <Button loading={busy} onClick={() => void test()}>{t('rule.test')}{t('common.colon')}{title(channel)}</Button>
      {result && <Diagnosis result={result} />}
      <TroubleNote error={error} />
    </div>
  );
}
