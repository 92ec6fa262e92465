import { Button, Modal, Progress, Tooltip } from 'antd';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, get } from '../api/client';
import type { Job } from '../api/types';
import { TroubleNote } from '../parts/Trouble';
import { chosenOf, type Choice } from './filter';

type Kind = 'replay' | 'cancel';

/** Replays or cancels all that the choice holds, as a job whose progress is shown. */
export function Bulk({ choice }: { choice: Choice }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Kind>();
  const replayed = choice.state.includes('cancelled') && !choice.state.includes('dead') ? 'cancelled' : 'dead';
  const possible = chosenOf(choice, []) !== undefined;
  const holds = (state: string) => choice.state.length === 0 || choice.state.includes(state);
  const button = (kind: Kind, text: string) => (
    <Tooltip title={possible ? undefined : t('deliveries.bulkNeeds')}>
      <Button disabled={!possible} onClick={() => setAsked(kind)}>{text}</Button>
    </Tooltip>
  );
  return (
    <div className="row">
      {(holds('dead') || holds('cancelled')) && button('replay', t('deliveries.bulk', { state: t(`state.${replayed}`).toLowerCase() }))}
      {holds('waiting') && button('cancel', t('deliveries.bulkCancel'))}
      {asked && <Running key={asked} kind={asked} choice={choice} states={[asked === 'replay' ? replayed : 'waiting']} close={() => setAsked(undefined)} />}
    </div>
  );
}

function Running({ kind, choice, states, close }: { kind: Kind; choice: Choice; states: string[]; close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const once = useRef(crypto.randomUUID()); // repeating the request with it does it once
  const [started, setStarted] = useState<Job>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const poll = useQuery<Job>({
    queryKey: ['job', started?.id],
    enabled: started !== undefined && started.state === 'running',
    refetchInterval: (query) => (query.state.data?.state === 'done' ? false : 1_000),
    queryFn: ({ signal }) => get<Job>(`deliveries/jobs/${started?.id}`, {}, signal),
  });
  const job = poll.data ?? started;
  const ended = job?.state === 'done';
  useEffect(() => {
    if (ended) void client.invalidateQueries({ queryKey: ['deliveries'] });
  }, [ended, client]);
  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { body } = await call<Job>('POST', `deliveries:${kind}`, { body: chosenOf(choice, states), headers: { 'Idempotency-Key': once.current } });
      setStarted(body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const percent = job ? (job.total === 0 ? 100 : Math.round((100 * job.done) / job.total)) : 0;
  return (
    <Modal
      open
      title={t(kind === 'replay' ? 'deliveries.bulkTitle' : 'deliveries.bulkCancelTitle')}
      onCancel={close}
      onOk={() => (job ? close() : void start())}
      okText={job ? t('common.close') : t(kind === 'replay' ? 'deliveries.replay' : 'deliveries.cancel')}
      cancelText={t('common.close')}
      cancelButtonProps={{ style: { display: job ? 'none' : undefined } }}
      confirmLoading={busy}
    >
      <TroubleNote error={error} />
      {!job && kind === 'replay' && <p>{t('deliveries.bulkText')}</p>}
      {!job && kind === 'cancel' && <p>{t('deliveries.bulkCancelText')}</p>}
      {job && (
        <div role="status">
          <Progress percent={percent} status={ended ? 'success' : 'active'} aria-label={t(kind === 'replay' ? 'deliveries.bulkRunning' : 'deliveries.bulkCancelRunning')} />
          <p>{t('deliveries.bulkDone', { done: job.done, total: job.total })}</p>
          {job.refused > 0 && <p>{t('deliveries.bulkRefused', { n: job.refused })}</p>}
        </div>
      )}
    </Modal>
  );
}
