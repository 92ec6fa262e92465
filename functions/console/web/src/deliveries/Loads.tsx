import { Button } from 'antd';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNewest } from '../api/queries';
import type { Delivery } from '../api/types';
import { Moment } from '../parts/Moment';
import { useChannelTitle } from '../rules/shown';
import { said } from '../text';
import type { Choice } from './filter';

interface Group {
  key: string;
  n: number;
  last: Delivery;
}

/** Deliveries by target, those with most first. */
function useGroups(list: Delivery[] | undefined, most: number): Group[] {
  return useMemo(() => {
    const found = new Map<string, Group>();
    for (const one of list ?? []) {
      const key = [one.workspace, one.rule, one.target].join(' ');
      const group = found.get(key);
      if (group) group.n++;
      else found.set(key, { key, n: 1, last: one });
    }
    return [...found.values()].sort((a, b) => b.n - a.n).slice(0, most);
  }, [list, most]);
}

interface LoadProps {
  workspace: string;
  change: (part: Partial<Choice>) => void;
}

/** Where deliveries go, and where they fail. */
export function Loads(props: LoadProps) {
  return <div className="loads"><Failing {...props} /><Busiest {...props} /></div>;
}

/** The targets that are told most. */
function Busiest({ workspace, change }: LoadProps) {
  const { t } = useTranslation();
  const title = useChannelTitle();
  const groups = useGroups(useNewest({ workspace }, 200, 30_000).data, 5);
  if (groups.length === 0) return null;
  return (
    <section className="card failing" aria-label={t('deliveries.busiest')}>
      <h2>{t('deliveries.busiest')}</h2>
      <ul>
        {groups.map(({ key, n, last }) => (
          <li key={key} className="row">
            <button type="button" className="plainLink wrap" aria-label={`${t('deliveries.busiest')}: ${last.rule ?? ''} ${last.target ?? ''}`} onClick={() => change({ state: [], rule: last.rule ?? '', workspace: last.workspace ?? workspace })}>{last.rule ?? '—'} › {last.target ?? '—'}</button>
            <span className="help">{title(last.channel)}</span> <span className="state">{t('deliveries.toldCount', { n })}</span> <Moment at={last.created} />
          </li>
        ))}
      </ul>
      <p className="help">{t('deliveries.busiestLead')}</p>
    </section>
  );
}

/** The targets whose deliveries died lately, and what to do about them. */
function Failing({ workspace, change }: LoadProps) {
  const { t, i18n } = useTranslation();
  const title = useChannelTitle();
  const groups = useGroups(useNewest({ workspace, state: 'dead' }, 200, 30_000).data, 5);
  if (groups.length === 0) return null;
  return (
    <section className="card failing" aria-label={t('deliveries.failing')}>
      <h2>{t('deliveries.failing')}</h2>
      <ul>
        {groups.map(({ key, n, last }) => (
          <li key={key}>
            <div className="row">
              <strong className="wrap">{last.rule ?? '—'} › {last.target ?? '—'}</strong> <span className="help">{title(last.channel)}</span>
              <span className="state dead">{t('deliveries.deadCount', { n })}</span> {last.code && <code>{last.code}</code>} <Moment at={last.done ?? last.created} />
              <Button size="small" type="link" aria-label={`${t('deliveries.see')}: ${last.rule ?? ''} ${last.target ?? ''}`} onClick={() => change({ state: ['dead'], rule: last.rule ?? '', workspace: last.workspace ?? workspace })}>{t('deliveries.see')}</Button>
            </div>
            <p className="help wrap">{said(last.advice, i18n.language)}</p>
          </li>
        ))}
      </ul>
      <p className="help">{t('deliveries.failingLead')}</p>
    </section>
  );
}
