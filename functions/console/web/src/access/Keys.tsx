import { PlusOutlined } from '@ant-design/icons';
import { Alert, App, Button, Input, InputNumber, Modal, Radio, Table } from 'antd';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, call, get, Refused } from '../api/client';
import type { Field, Key, Page, Wanted } from '../api/types';
import { Copy } from '../parts/Copy';
import { Heading } from '../parts/Heading';
import { Moment } from '../parts/Moment';
import { Many } from '../parts/Many';
import { faultsAt } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { useWide } from '../parts/wide';
import { Sessions } from './Sessions';

/** The API keys of the deployment. A key itself is shown once, when it is made. */
export function Keys() {
  const { t } = useTranslation();
  const [making, setMaking] = useState(false);
  const keys = useQuery({ queryKey: ['keys'], queryFn: async ({ signal }) => (await get<Page<Key>>('keys', {}, signal)).items });
  return (
    <>
      <Heading title={t('keys.title')} lead={t('keys.lead')}>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>{t('keys.make')}</Button>
      </Heading>
      <Loaded query={keys}>{(list) => <List keys={list} />}</Loaded>
      <Sessions />
      {making && <Make close={() => setMaking(false)} />}
    </>
  );
}

function List({ keys }: { keys: Key[] }) {
  const { t } = useTranslation();
  const wide = useWide();
  const where = (key: Key) => (key.workspaces.length > 0 ? key.workspaces.join(t('common.comma')) : t('keys.everywhere'));
  const state = (key: Key) => <span className={`state ${key.state === 'usable' ? 'delivered' : ''}`}>{t(`keys.state.${key.state}`)}</span>;
  if (!wide) {
    return (
      <ul className="cards">
        {keys.map((key) => (
          <li key={key.id} className="card">
            <div className="row"><strong className="wrap">{key.name}</strong> {state(key)}<span className="space" /><Revoke one={key} /></div>
            <p><code>pnk_{key.id}_…</code></p>
            <p>{t(`keys.role.${key.role}`)} · {where(key)}</p>
            <p className="lead">{t('keys.used')}{t('common.colon')}<Moment at={key.lastUsed} /> · {t('keys.expires')}{t('common.colon')}<Moment at={key.expires} /></p>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table<Key>
      className="card table"
      rowKey="id"
      dataSource={keys}
      pagination={keys.length > 50 ? { pageSize: 50 } : false}
      columns={[
        { title: t('keys.name'), key: 'name', render: (_, key) => <><strong className="wrap">{key.name}</strong><br /><code>pnk_{key.id}_…</code></>, onCell: () => ({ className: 'nameCell' }) },
        { title: t('keys.roleTitle'), key: 'role', render: (_, key) => <>{t(`keys.role.${key.role}`)}<p className="help">{where(key)}</p></> },
        { title: t('keys.stateTitle'), key: 'state', render: (_, key) => state(key) },
        { title: t('keys.used'), key: 'used', render: (_, key) => <Moment at={key.lastUsed} /> },
        { title: t('keys.expires'), key: 'expires', render: (_, key) => <Moment at={key.expires} /> },
        { title: <span className="sr">{t('common.actions')}</span>, key: 'actions', render: (_, key) => <Revoke one={key} /> },
      ]}
    />
  );
}

function Revoke({ one }: { one: Key }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const client = useQueryClient();
  if (one.state !== 'usable') return null;
  const revoke = async () => {
    try {
      await call('DELETE', `keys/${one.id}`);
      await client.invalidateQueries({ queryKey: ['keys'] });
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    }
  };
  return (
    <Button
      size="small"
      danger
      aria-label={`${t('keys.revoke')}: ${one.name}`}
      onClick={() => modal.confirm({ title: t('keys.revokeTitle', { name: one.name }), content: t('keys.revokeText'), okText: t('keys.revoke'), okButtonProps: { danger: true }, onOk: revoke })}
    >
      {t('keys.revoke')}
    </Button>
  );
}

function Make({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [wanted, setWanted] = useState<Wanted>({ name: '', role: 'viewer', workspaces: [], paiUser: '', days: 365 });
  const [made, setMade] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState<Field[]>([]);
  const [error, setError] = useState<unknown>();
  const change = (part: Partial<Wanted>) => setWanted({ ...wanted, ...part });
  const make = async () => {
    setBusy(true);
    setError(undefined);
    setFaults([]);
    try {
      setMade((await call<Key & { key: string }>('POST', 'keys', { body: wanted })).body.key);
      void client.invalidateQueries({ queryKey: ['keys'] });
    } catch (failure) {
      if (failure instanceof Refused && failure.problem.errors?.length) setFaults(failure.problem.errors);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open title={made ? t('signin.madeTitle') : t('keys.make')} onCancel={close} onOk={() => (made ? close() : void make())} okText={made ? t('common.close') : t('keys.make')} cancelText={t('common.cancel')} cancelButtonProps={{ style: { display: made ? 'none' : undefined } }} maskClosable={!made} confirmLoading={busy}>
      {made
        ? (
          <>
            <Alert type="warning" showIcon message={t('keys.once')} />
            <p className="secret"><code>{made}</code> <Copy text={made} /></p>
          </>
        )
        : (
          <form onSubmit={(event) => { event.preventDefault(); void make(); }}>
            <TroubleNote error={error} />
            <Row label={t('keys.name')} faults={faultsAt(faults, 'name')} help={t('keys.nameHelp')}>
              {(tied) => <Input {...tied} value={wanted.name} autoComplete="off" maxLength={100} onChange={(event) => change({ name: event.target.value })} />}
            </Row>
            <Group label={t('keys.roleTitle')} faults={faultsAt(faults, 'role')} help={t(`keys.may.${wanted.role as 'viewer'}`)}>
              <Radio.Group name="role" value={wanted.role} onChange={(event) => change({ role: String(event.target.value) })} options={(['viewer', 'editor', 'admin'] as const).map((value) => ({ value, label: t(`keys.role.${value}`) }))} />
            </Group>
            <Row label={t('workspace.title')} required={false} faults={faultsAt(faults, 'workspaces', true)} help={t('keys.workspacesHelp')}>
              {(tied) => <Many tied={tied} value={wanted.workspaces ?? []} set={(workspaces) => change({ workspaces })} />}
            </Row>
            <Row label={t('keys.paiUser')} required={false} faults={faultsAt(faults, 'paiUser')} help={t('keys.paiUserHelp')}>
              {(tied) => <Input {...tied} value={wanted.paiUser} autoComplete="off" inputMode="numeric" onChange={(event) => change({ paiUser: event.target.value })} />}
            </Row>
            <Row label={t('keys.days')} faults={faultsAt(faults, 'days')}>
              {(tied) => <InputNumber {...tied} min={1} max={3650} value={wanted.days} onChange={(days) => change({ days: days ?? 365 })} />}
            </Row>
          </form>
        )}
    </Modal>
  );
}
