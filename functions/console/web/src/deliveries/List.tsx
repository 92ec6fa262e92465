import { Button, Table } from 'antd';
import { useInfiniteQuery } from '@tanstack/react-query';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { get } from '../api/client';
import type { Delivery, Page } from '../api/types';
import { Moment } from '../parts/Moment';
import { Nothing } from '../parts/Nothing';
import { Loaded } from '../parts/Trouble';
import { useWide } from '../parts/wide';
import { useChannelTitle } from '../rules/shown';
import { said } from '../text';
import { filterOf, type Choice } from './filter';
import { StateTag } from './StateTag';

const every = 10_000;
const few = 4; // pages; more are not asked for again and again

export function List({ choice, show }: { choice: Choice; show: (id: string) => void }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery({
    queryKey: ['deliveries', 'list', choice],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => get<Page<Delivery>>('deliveries', { ...filterOf(choice), limit: 50, cursor: pageParam }, signal),
    getNextPageParam: (last) => last.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= few ? every : false),
    select: (data) => data.pages.flatMap((page) => page.items),
  });
  const narrowed = choice.state.length > 0 || [choice.rule, choice.channel, choice.object, choice.event, choice.range].some(Boolean);
  return (
    <Loaded query={list as Parameters<typeof Loaded<Delivery[]>>[0]['query']}>
      {(deliveries) =>
        deliveries.length === 0
          ? <Nothing title={t(narrowed ? 'deliveries.nothing' : 'deliveries.empty')} advice={t(narrowed ? 'deliveries.nothingAdvice' : 'deliveries.emptyAdvice')} />
          : (
            <>
              <Rows deliveries={deliveries} show={show} />
              {list.hasNextPage && <div className="more"><Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button></div>}
            </>
          )
      }
    </Loaded>
  );
}

function Rows({ deliveries, show }: { deliveries: Delivery[]; show: (id: string) => void }) {
  const { t } = useTranslation();
  const title = useChannelTitle();
  const wide = useWide();
  if (!wide) {
    return (
      <ul className="cards">
        {deliveries.map((one) => (
          <li key={one.id} className="card">
            <div className="row"><StateTag delivery={one} /><span className="space" /><Moment at={one.created} /></div>
            <Opening one={one} show={show} />
            <p className="wrap">{one.rule ?? '—'} › {one.target ?? '—'} ({title(one.channel)})</p>
            <Outcome one={one} />
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table<Delivery>
      className="card table"
      rowKey="id"
      size="middle"
      dataSource={deliveries}
      pagination={false}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: t('deliveries.state'), key: 'state', render: (_, one) => <StateTag delivery={one} /> },
        { title: t('deliveries.object'), key: 'object', render: (_, one) => <Opening one={one} show={show} />, onCell: () => ({ className: 'objectCell' }) },
        { title: t('deliveries.rule'), key: 'rule', render: (_, one) => <span className="wrap">{one.rule ?? '—'}</span>, onCell: () => ({ className: 'objectCell' }) },
        { title: t('deliveries.target'), key: 'target', render: (_, one) => <>{one.target ?? '—'} <span className="help">({title(one.channel)})</span></> },
        { title: t('deliveries.result'), key: 'result', render: (_, one) => <Outcome one={one} /> },
        { title: t('deliveries.attempts'), key: 'attempts', dataIndex: 'attempts', align: 'right' },
        { title: t('deliveries.created'), key: 'created', render: (_, one) => <Moment at={one.created} /> },
      ]}
    />
  );
}

// Cells are remembered: with every page of a long list all rows are drawn anew.

const Opening = memo(function Opening({ one, show }: { one: Delivery; show: (id: string) => void }) {
  const { t } = useTranslation();
  return (
    <Button type="link" className="opening" aria-label={`${one.object ?? one.event.id ?? one.id}. ${t('deliveries.open', { id: one.id })}`} onClick={() => show(one.id)}>
      <span className="clampLine">{one.object ?? one.event.id ?? one.id}</span>
    </Button>
  );
});

const Outcome = memo(function Outcome({ one }: { one: Delivery }) {
  const { t, i18n } = useTranslation();
  if (one.state === 'delivered') return one.receipt ? <span className="help">{one.receipt}</span> : null;
  if (!one.code && !one.class && !one.why && !one.due) return null;
  const text = one.class ? t(`deliveries.class.${one.class}` as 'deliveries.class.unknown', { defaultValue: one.class }) : '';
  return (
    <div className="outcome">
      {one.code && <code>{one.code}</code>} <span className="help">{text}</span>
      {one.why && <p className="help wrap">{said(one.why.text, i18n.language)}</p>}
      {!one.why && one.due && <p className="help">{t('deliveries.due', { when: '' })}<Moment at={one.due} /></p>}
    </div>
  );
});
