import { BarChartOutlined, PauseCircleOutlined, PlayCircleOutlined } from '@ant-design/icons';
import { Alert, App, Button, Skeleton, Tooltip } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { asProblem, call, get } from '../api/client';
import { useSummary } from '../api/queries';
import type { Settings, Summary } from '../api/types';
import { Heading } from '../parts/Heading';
import { useMay } from '../session';
import { Bulk } from './Bulk';
import { Detail } from './Detail';
import { Filters } from './Filters';
import { useChoice } from './filter';
import { List } from './List';
import { Loads } from './Loads';

const Chart = lazy(() => import('./Chart'));

export function Deliveries() {
  const { t } = useTranslation();
  const [choice, change, clear] = useChoice();
  const [search, setSearch] = useSearchParams();
  const [chart, setChart] = useState(false);
  const may = useMay('editor');
  const summary = useSummary(choice.workspace || undefined, 15_000);
  const open = search.get('id') ?? undefined;
  const show = (id: string | undefined) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (id) next.set('id', id);
      else next.delete('id');
      return next;
    });
  return (
    <>
      <Heading title={t('deliveries.title')} lead={t('deliveries.lead')}>
        <Button icon={<BarChartOutlined />} aria-expanded={chart} onClick={() => setChart(!chart)}>{chart ? t('deliveries.hideChart') : t('deliveries.showChart')}</Button>
        <Pause paused={summary.data?.paused} />
      </Heading>
      <div className="stack">
        {summary.data?.paused && <Alert type="warning" showIcon message={t('deliveries.paused')} />}
        {summary.data && <Counts summary={summary.data} choose={(state) => change({ state: [state] })} chosen={choice.state} />}
        {chart && (
          <section className="card" aria-label={t('deliveries.chart')}>
            {summary.data ? <Suspense fallback={<Skeleton active />}><Chart summary={summary.data} /></Suspense> : <Skeleton active />}
          </section>
        )}
        <Loads workspace={choice.workspace} change={change} />
        <Filters choice={choice} change={change} clear={clear} />
        {may && <Bulk choice={choice} />}
        <List choice={choice} show={show} />
      </div>
      <Detail id={open} close={() => show(undefined)} />
    </>
  );
}

function Counts({ summary, choose, chosen }: { summary: Summary; choose: (state: string) => void; chosen: string[] }) {
  const { t, i18n } = useTranslation();
  const of = (state: string) => summary.counts.filter((one) => one.state === state).reduce((sum, one) => sum + one.count, 0);
  return (
    <ul className="counts">
      {(['delivered', 'waiting', 'dead', 'cancelled'] as const).map((state) => (
        <li key={state}>
          <button type="button" className={`countCard ${state}`} aria-pressed={chosen.length === 1 && chosen[0] === state} onClick={() => choose(state)}>
            <strong>{of(state).toLocaleString(i18n.language)}</strong> <span>{t(`state.${state}`)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Holds everything back, or lets it go on. The settings are one document, so it is read before it is written. */
function Pause({ paused }: { paused: boolean | undefined }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const turn = async (to: boolean) => {
    setBusy(true);
    try {
      const settings = await get<Settings>('settings');
      await call('PUT', 'settings', { body: { ...settings, paused: to } });
      // A function may work with the old settings for five seconds yet, so its summary is not asked right now.
      client.setQueriesData<Summary>({ queryKey: ['deliveries', 'summary'] }, (was) => was && { ...was, paused: to });
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    } finally {
      void client.invalidateQueries({ queryKey: ['settings'] });
      setBusy(false);
    }
  };
  const may = useMay('admin');
  if (paused === undefined || !may) return null;
  if (paused) return <Button type="primary" icon={<PlayCircleOutlined />} loading={busy} onClick={() => void turn(false)}>{t('deliveries.resume')}</Button>;
  return (
    <Tooltip title={t('deliveries.pauseHelp')}>
      <Button
        icon={<PauseCircleOutlined />}
        loading={busy}
        onClick={() => modal.confirm({ title: t('deliveries.pauseTitle'), content: t('deliveries.pauseText'), okText: t('deliveries.pause'), onOk: () => turn(true) })}
      >
        {t('deliveries.pause')}
      </Button>
    </Tooltip>
  );
}
