import { App, Button, Drawer, Timeline } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { call } from '../api/client';
import { useDelivery } from '../api/queries';
import type { Attempt, DeliveryTold } from '../api/types';
import { Copy } from '../parts/Copy';
import { Moment } from '../parts/Moment';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { useMay } from '../session';
import { useChannelTitle } from '../rules/shown';
import { said } from '../text';
import { StateTag } from './StateTag';

const moving = new Set(['claimed', 'waiting']);

/** All that is known of one delivery, and what can be done with it. */
export function Detail({ id, close }: { id: string | undefined; close: () => void }) {
  const { t } = useTranslation();
  const delivery = useDelivery(id, (told) => (told && moving.has(told.state) ? 2_000 : false));
  return (
    <Drawer open={id !== undefined} onClose={close} width="min(640px, 100vw)" title={t('deliveries.details')} destroyOnHidden>
      {id !== undefined && <Loaded query={delivery}>{(told) => <Told key={told.id} told={told} />}</Loaded>}
    </Drawer>
  );
}

function Told({ told }: { told: DeliveryTold }) {
  const { t, i18n } = useTranslation();
  const title = useChannelTitle();
  const [error, setError] = useState<unknown>();
  const advice = said(told.advice, i18n.language);
  const facts: [string, ReactNode][] = [
    [t('deliveries.rule'), told.rule && told.workspace ? <Link to={`/w/${encodeURIComponent(told.workspace)}/rules/edit/${encodeURIComponent(told.rule)}`}>{told.rule}</Link> : (told.rule ?? '—')],
    [t('deliveries.target'), `${told.target ?? '—'} (${title(told.channel)})`],
    ...(told.contact ? [[t('deliveries.contact'), told.contact] as [string, ReactNode]] : []),
    [t('workspace.title'), told.workspace ?? '—'],
    [t('deliveries.object'), told.object ? <span className="wrap">{told.object} <Copy small text={told.object} /></span> : '—'],
    [t('deliveries.event'), told.event.id ? <span className="wrap">{told.event.source} {told.event.id} <Copy small text={told.event.id} /></span> : '—'],
    [t('deliveries.happened'), <Moment key="m" at={told.event.time} />],
    [t('deliveries.created'), <Moment key="m" at={told.created} />],
    ...(told.due ? [[t('deliveries.due', { when: '' }), <Moment key="m" at={told.due} />] as [string, ReactNode]] : []),
    [t('deliveries.done'), <Moment key="m" at={told.done} />],
    [t('deliveries.id'), <span key="i" className="wrap"><code>{told.id}</code> <Copy small text={told.id} /></span>],
    ...(told.receipt ? [[t('deliveries.receipt'), <span key="r" className="wrap">{told.receipt}</span>] as [string, ReactNode]] : []),
  ];
  return (
    <div className="stack">
      <div className="row"><StateTag delivery={told} /><span className="space" /><Moves told={told} fail={setError} /></div>
      <TroubleNote error={error} />
      {told.state === 'waiting' && told.why && <p className="adviceBox"><strong>{t('deliveries.why')}{t('common.colon')}</strong>{said(told.why.text, i18n.language)}</p>}
      {advice && told.state !== 'delivered' && <p className="adviceBox"><strong>{t('deliveries.advice')}{t('common.colon')}</strong>{advice}</p>}
      <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="wrap">{value}</dd></div>)}</dl>
      <div>
        <h3>{t('deliveries.timeline')}</h3>
        {told.history.length === 0
          ? <p className="lead">{t('deliveries.none')}</p>
          : <Timeline items={told.history.map((one) => ({ key: one.n, color: one.class === 'delivered' ? 'green' : 'red', children: <Tried attempt={one} /> }))} />}
      </div>
    </div>
  );
}

const short = 400; // characters

function Tried({ attempt }: { attempt: Attempt }) {
  const { t, i18n } = useTranslation();
  const [whole, setWhole] = useState(false);
  const text = attempt.text ?? '';
  const advice = said(attempt.advice, i18n.language);
  return (
    <>
      <p><strong>{t(`deliveries.class.${attempt.class}`)}</strong> {attempt.code && <code>{attempt.code}</code>} · <Moment at={attempt.at} /> <span className="help">{t('deliveries.took', { ms: attempt.ms })}</span></p>
      {text && <p className="wrap">{whole || text.length <= short ? text : `${text.slice(0, short)}…`}</p>}
      {text.length > short && <Button size="small" type="link" onClick={() => setWhole(!whole)}>{whole ? t('deliveries.less') : t('deliveries.whole')}</Button>}
      {advice && attempt.class !== 'delivered' && <p className="help wrap">{advice}</p>}
    </>
  );
}

function Moves({ told, fail }: { told: DeliveryTold; fail: (error: unknown) => void }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const move = async (verb: 'replay' | 'cancel', query: { force?: boolean } = {}) => {
    setBusy(true);
    fail(undefined);
    try {
      await call('POST', `deliveries/${told.id}:${verb}`, { query });
      void message.success(t(verb === 'replay' ? 'deliveries.replayed' : 'deliveries.cancelled'));
    } catch (error) {
      fail(error);
    } finally {
      await client.invalidateQueries({ queryKey: ['deliveries'] });
      setBusy(false);
    }
  };
  const may = useMay('editor');
  if (!may) return null;
  const again = told.state === 'dead' || told.state === 'cancelled' || told.state === 'waiting';
  return (
    <div className="row">
      {again && <Button type="primary" loading={busy} title={t('deliveries.replayHelp')} onClick={() => void move('replay')}>{t('deliveries.replay')}</Button>}
      {told.state === 'waiting' && (
        <Button disabled={busy} onClick={() => modal.confirm({ title: t('deliveries.cancelTitle'), content: t('deliveries.cancelText'), okText: t('deliveries.cancel'), cancelText: t('common.close'), onOk: () => move('cancel') })}>{t('deliveries.cancel')}</Button>
      )}
      {told.state === 'delivered' && (
        <Button loading={busy} onClick={() => modal.confirm({ title: t('deliveries.force'), content: t('deliveries.forceText'), okText: t('deliveries.force'), onOk: () => move('replay', { force: true }) })}>{t('deliveries.force')}</Button>
      )}
    </div>
  );
}
