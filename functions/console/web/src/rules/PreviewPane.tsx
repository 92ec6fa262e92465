import { Alert, Collapse, Select } from 'antd';
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client';
import { rulesPath, useCatalog } from '../api/queries';
import type { Preview, Seen } from '../api/types';
import { Moment } from '../parts/Moment';
import { wrong } from '../parts/place';
import { useSettled } from '../parts/useSettled';
import { TroubleNote } from '../parts/Trouble';
import { bodyOf, type Draft } from './draft';
import { pretty } from './pretty';
import { MessageCard } from './MessageCard';
import { isTemplated, useChannelTitle } from './shown';

/** The preview, and whether it is of the draft as it stands, and not of one a moment ago. */
export type Previewed = UseQueryResult<Preview> & { event: string; show: (event: string) => void; current: boolean };

/** What the API says of a draft: its faults, what it would match, and its messages. */
export function usePreview(workspace: string, draft: Draft, first = ''): Previewed {
  const now = useMemo(() => JSON.stringify(bodyOf(draft)), [draft]);
  const body = useSettled(now, 300);
  const [event, show] = useState(first);
  const query = useQuery({
    queryKey: ['preview', workspace, body, event],
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0, // it holds what was typed, secrets too
    retry: false,
    queryFn: async ({ signal }) =>
      (await call<Preview>('POST', `${rulesPath(workspace)}:preview`, { body: JSON.parse(body) as unknown, query: { event }, signal })).body,
  });
  return { ...query, event, show, current: body === now && !query.isPlaceholderData } as Previewed;
}

const nameOf = (one: Seen) => (one.origin === 'sample' ? one.name : `${one.type.split(':').slice(-2).join(' ')} · ${one.name}`);

export function PreviewPane({ preview, draft }: { preview: Previewed; draft: Draft }) {
  const { t } = useTranslation();
  const title = useChannelTitle();
  const channels = useCatalog().data?.channels ?? [];
  const { data, error } = preview;
  const recent = data?.events.filter((one) => one.origin === 'recent') ?? [];
  const events = recent.length > 0 ? recent : (data?.events ?? []);
  const n = recent.filter((one) => one.matches).length;
  return (
    <aside className="previewing stack" aria-label={t('rule.preview')}>
      <div>
        <h2 className="flat">{t('rule.preview')}</h2>
        <p className="lead">{t('rule.previewLead')}</p>
      </div>
      <TroubleNote error={error} again={() => void preview.refetch()} />
      {data && data.warnings.length > 0 && (
        <Alert type="warning" showIcon message={t('rule.warnings')} description={data.warnings.map((one) => <p key={one.path + one.message}>{wrong(one)}</p>)} />
      )}
      {data && !data.told && <p className="help">{t('rule.previewNone')}</p>}
      {data?.told && (
        <>
          <label className="previewOf">
            <span>{t('rule.previewOf')}</span>
            <Select
              showSearch
              aria-label={t('rule.previewOf')}
              value={data.told.name}
              onChange={preview.show}
              options={data.events.map((one) => ({ value: one.name, label: `${t(`rule.${one.origin}`)}${t('common.colon')}${nameOf(one)}` }))}
            />
          </label>
          {draft.targets.length === 0 && <p className="help">{t('rule.previewNoTarget')}</p>}
          {data.messages.map((message, i) => (
            <MessageCard key={draft.targets[i]?.key ?? i} message={message} title={title(message.channel)} templated={isTemplated(channels.find((one) => one.name === message.channel))} />
          ))}
        </>
      )}
      {data && events.length > 0 && (
        <Collapse
          size="small"
          items={[
            {
              key: 'events',
              label: recent.length > 0 ? t('rule.matchesLead', { n, total: recent.length }) : t('rule.matchesNone'),
              children: <ul className="seen">{events.map((one) => <SeenRow key={one.origin + one.name} one={one} />)}</ul>,
            },
            ...(data.pattern ? [{ key: 'pattern', label: t('rule.pattern'), children: <pre className="wrap" tabIndex={0}>{pretty(data.pattern)}</pre> }] : []),
          ]}
        />
      )}
    </aside>
  );
}

function SeenRow({ one }: { one: Seen }) {
  const { t } = useTranslation();
  return (
    <li>
      <span className={one.matches ? 'state delivered' : 'state'}>{one.matches ? t('rule.matched') : t('rule.notMatched')}</span>
      <span className="wrap">{nameOf(one)}</span> {one.seen && <Moment at={one.seen} />}
      {one.mismatch && <p className="help wrap">{t('rule.mismatch', { path: one.mismatch.path, got: one.mismatch.got, want: one.mismatch.want })}</p>}
    </li>
  );
}
