import { BarChartOutlined } from '@ant-design/icons';
import { Alert, Button, Skeleton } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useSummary } from '../api/queries';
import type { Summary } from '../api/types';
import { Heading } from '../parts/Heading';
import { useMay } from '../session';
import { Bulk } from './Bulk';
import { Detail } from './Detail';
import { Filters } from './Filters';
import { useChoice } from './filter';
import { List } from './List';
import { Loads } from './Loads';
import { Pause, usePaused } from './Pause';

const Chart = lazy(() => import('./Chart'));

export function Deliveries() {
  const { t } = useTranslation();
  const [choice, change, clear] = useChoice();
  const [search, setSearch] = useSearchParams();
  const [chart, setChart] = useState(false);
  const may = useMay('editor');
  const summary = useSummary(choice.workspace || undefined, 15_000);
  const [paused, turn] = usePaused(summary.data?.paused);
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
        <Pause paused={paused} turn={turn} />
      </Heading>
      <div className="stack">
        {paused && <Alert type="warning" showIcon message={t('deliveries.paused')} />}
        {summary.data && <Counts summary={summary.data} choose={(state) => change({ state: [state] })} chosen={choice.state} />}
        {chart && (
          <section className="card" aria-label={t('deliveries.chart')}>
            {summary.data ? <Suspense fallback={<Skeleton active />}><Chart summary={summary.data} /></Suspense> : <Skeleton active />}
          </section>
        )}
        <Loads workspace={choice.workspace} change={change} />
        <Filters choice={choice} change={change} clear={clear} />
        {may && summary.data?.counts.some((one) => one.count > 0) && <Bulk choice={choice} />}
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
