import { Alert, Button, Input, Table } from 'antd';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { call, get } from '../api/client';
import type { AuditRow } from '../api/types';
import { Heading } from '../parts/Heading';
import { Moment } from '../parts/Moment';
import { Nothing } from '../parts/Nothing';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { useSettled } from '../parts/useSettled';
import { useWide } from '../parts/wide';

const most = 200; // rows a call

/** Who changed what. The API tells it from the oldest row on. */
export function Audit() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const filter = Object.fromEntries(['workspace', 'who', 'action', 'object'].map((name) => [name, search.get(name) ?? '']));
  const settled = useSettled(JSON.stringify(filter), 400);
  const after = Number(search.get('after') ?? 0);
  const rows = useQuery({
    queryKey: ['audit', settled, after],
    queryFn: ({ signal }) => get<{ items: AuditRow[]; next?: number }>('audit', { ...(JSON.parse(settled) as Record<string, string>), after, limit: most }, signal),
  });
  const set = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      if (name !== 'after') next.delete('after');
      return next;
    }, { replace: name !== 'after' });
  return (
    <>
      <Heading title={t('audit.title')} lead={t('audit.lead')}><Verify /></Heading>
      <div className="stack">
        <section className="filters" aria-label={t('deliveries.filters')}>
          {(['workspace', 'who', 'action', 'object'] as const).map((name) => (
            <Input key={name} allowClear aria-label={t(`audit.${name}`)} placeholder={t(`audit.${name}`)} value={filter[name]} spellCheck={false} onChange={(event) => set(name, event.target.value)} />
          ))}
        </section>
        <Loaded query={rows}>
          {({ items, next }) =>
            items.length === 0
              ? <Nothing title={t('audit.nothing')} advice={t('deliveries.nothingAdvice')} />
              : (
                <>
                  <Rows rows={items} />
                  {next !== undefined && <div className="more"><Button onClick={() => set('after', String(next))}>{t('audit.next')}</Button></div>}
                </>
              )
          }
        </Loaded>
      </div>
    </>
  );
}

const whoOf = (row: AuditRow) => row.name || row.who || row.via;
const changed = (row: AuditRow) => row.before !== undefined || row.after !== undefined;

function Outcome({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  return <span className={`state ${row.outcome === 'done' ? 'delivered' : row.outcome === 'failed' ? 'dead' : ''}`}>{t(`audit.outcomes.${row.outcome}`)} {row.code}</span>;
}

/** What a role is called; one that no key has is told as it is, once. */
function Role({ name, who }: { name: string; who: string }) {
  const { t } = useTranslation();
  if (name === who) return null;
  return <>{t(`keys.role.${name as 'viewer'}`, { defaultValue: name })}</>;
}

function Change({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  return (
    <div className="twoColumns">
      {([['audit.before', row.before], ['audit.after', row.after]] as const).map(([label, value]) => (
        <div key={label}><h3>{t(label)}</h3><pre className="wrap">{value === undefined ? '—' : JSON.stringify(value, null, 2)}</pre></div>
      ))}
    </div>
  );
}

function Rows({ rows }: { rows: AuditRow[] }) {
  const { t } = useTranslation();
  const wide = useWide();
  if (!wide) {
    return (
      <ul className="cards">
        {rows.map((row) => (
          <li key={row.n} className="card">
            <div className="row"><code className="wrap">{row.action}</code> <Outcome row={row} /><span className="space" /><Moment at={row.at} /></div>
            <p className="wrap">{[row.workspace, row.object].filter(Boolean).join(' › ') || '—'}</p>
            <p className="help wrap">{whoOf(row)} <Role name={row.role} who={whoOf(row)} /> {row.address}</p>
            {changed(row) && <details><summary>{t('audit.change')}</summary><Change row={row} /></details>}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table<AuditRow>
      className="card table"
      size="small"
      rowKey="n"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 'max-content' }}
      expandable={{
        columnTitle: <span className="sr">{t('audit.change')}</span>,
        rowExpandable: changed,
        expandedRowRender: (row) => <Change row={row} />,
      }}
      columns={[
        { title: t('audit.at'), key: 'at', render: (_, row) => <Moment at={row.at} /> },
        { title: t('audit.who'), key: 'who', render: (_, row) => <><span className="wrap">{whoOf(row)}</span> <span className="help"><Role name={row.role} who={whoOf(row)} /></span></> },
        { title: t('audit.action'), key: 'action', render: (_, row) => <code>{row.action}</code> },
        { title: t('audit.object'), key: 'object', render: (_, row) => <span className="wrap">{[row.workspace, row.object].filter(Boolean).join(' › ')}</span>, onCell: () => ({ className: 'objectCell' }) },
        { title: t('audit.outcome'), key: 'outcome', render: (_, row) => <Outcome row={row} /> },
        { title: t('audit.address'), key: 'address', dataIndex: 'address' },
      ]}
    />
  );
}

/** Whether the audit is as it was written. */
function Verify() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [rows, setRows] = useState<number>();
  const [error, setError] = useState<unknown>();
  const verify = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setRows((await call<{ rows: number }>('GET', 'audit/verification')).body.rows);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {rows !== undefined && !error && <Alert type="success" showIcon message={t('audit.whole', { n: rows })} />}
      <TroubleNote error={error} />
      <Button loading={busy} onClick={() => void verify()}>{t('audit.verify')}</Button>
    </>
  );
}
