import { Button, Switch, Tag } from 'antd';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { get } from '../api/client';
import { useCatalog } from '../api/queries';
import type { Choices, Page, RecentEvent } from '../api/types';
import { Heading } from '../parts/Heading';
import { Moment } from '../parts/Moment';
import { Nothing } from '../parts/Nothing';
import { Loaded } from '../parts/Trouble';
import { useMay } from '../session';
import { said } from '../text';
import { Unknown } from './Unknown';

/** What came over a workspace's bus, and what of it the catalogue does not know. */
export function Events() {
  const { t } = useTranslation();
  const { workspace = '' } = useParams();
  const [unknown, setUnknown] = useState(false);
  const list = useInfiniteQuery({
    queryKey: ['events', workspace, unknown],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => get<Page<RecentEvent>>(`workspaces/${encodeURIComponent(workspace)}/events`, { unknown: unknown || undefined, limit: 50, cursor: pageParam }, signal),
    getNextPageParam: (last) => last.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? 10_000 : false),
    select: (data) => data.pages.flatMap((page) => page.items),
  });
  return (
    <>
      <Heading title={t('events.title')} lead={t('events.lead')}>
        <label className="row"><Switch checked={unknown} onChange={setUnknown} aria-label={t('events.onlyUnknown')} /> {t('events.onlyUnknown')}</label>
      </Heading>
      <div className="stack">
        <Loaded query={list as Parameters<typeof Loaded<RecentEvent[]>>[0]['query']}>
          {(events) =>
            events.length === 0
              ? <Nothing title={t(unknown ? 'events.nothing' : 'events.empty')} advice={t(unknown ? 'events.nothingAdvice' : 'events.emptyAdvice')} />
              : (
                <>
                  <ul className="card eventList">{events.map((one) => <Row key={`${one.id} ${one.seen}`} one={one} workspace={workspace} />)}</ul>
                  {list.hasNextPage && <div className="more"><Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button></div>}
                </>
              )
          }
        </Loaded>
        <Unknown workspace={workspace} />
      </div>
    </>
  );
}

/** What an event is called: its option, or its type. */
function nameOf(one: RecentEvent, choices: Choices | undefined, language: string, comma: string): string {
  const options = choices?.sources.flatMap((source) => source.options).filter((option) => one.options.includes(option.id)) ?? [];
  return options.map((option) => said(option.label, language)).join(comma) || one.type;
}

function Row({ one, workspace }: { one: RecentEvent; workspace: string }) {
  const { t, i18n } = useTranslation();
  const [open, setOpen] = useState(false);
  const may = useMay('editor');
  const choices = useCatalog().data;
  return (
    <li>
      <div className="eventRow">
        <div>
          <p className="flat"><strong>{nameOf(one, choices, i18n.language, t('common.comma'))}</strong> {!one.known && <Tag className="state waiting">{t('events.unknown')}</Tag>}</p>
          <p className="help wrap">{one.source} · {one.type}</p>
        </div>
        <div className="wrap">{one.private ? <span className="help">{t('events.private')}</span> : (one.name ?? one.object ?? '—')}{one.name && one.object && <p className="help wrap">{one.object}</p>}</div>
        <div><Moment at={one.seen} /></div>
        <div className="row eventMoves">
          {one.event !== undefined && <Button size="small" aria-expanded={open} aria-label={`${open ? t('events.hide') : t('events.body')}: ${one.id}`} onClick={() => setOpen(!open)}>{open ? t('events.hide') : t('events.body')}</Button>}
          {one.event !== undefined && may && <Link to={samplePlace(workspace, one.id, one.options)} aria-label={`${t('events.sample')}: ${one.id}`}>{t('events.sample')}</Link>}
          {one.object && <Link to={`/deliveries?workspace=${encodeURIComponent(workspace)}&event=${encodeURIComponent(one.id)}`} aria-label={`${t('events.deliveries')}: ${one.id}`}>{t('events.deliveries')}</Link>}
          {one.event === undefined && !one.private && <span className="help">{t('events.notKept')}</span>}
        </div>
      </div>
      {open && <pre className="wrap body" tabIndex={0}>{JSON.stringify(one.event, null, 2)}</pre>}
    </li>
  );
}

/** The editor of a new rule with an event as its sample; the event's options are ticked. */
export function samplePlace(workspace: string, event: string, options: string[] = []): string {
  const query = new URLSearchParams({ event, ...(options.length > 0 ? { options: options.join(',') } : {}) });
  return `/w/${encodeURIComponent(workspace)}/rules/new?${query}`;
}
