import { Column } from '@ant-design/plots';
import { Radio, Table } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Summary } from '../api/types';
import { useDark } from '../look';
import { useChannelTitle } from '../rules/shown';

const colours: Record<string, string> = {
  delivered: '#4096ff', waiting: '#faad14', claimed: '#ffd666', dead: '#f5222d', cancelled: '#8c8c8c', duplicate: '#bfbfbf',
};

const channelColours = ['#4096ff', '#36b37e', '#faad14', '#9254de', '#f5222d', '#13c2c2', '#eb2f96', '#8c8c8c'];

/** Deliveries by hour. It is loaded when it is first asked for: the drawing library is larger than the page. */
export default function Chart({ summary }: { summary: Summary }) {
  const { t, i18n } = useTranslation();
  const dark = useDark();
  const [by, setBy] = useState<'state' | 'channel'>('state');
  const [table, setTable] = useState(false);
  const title = useChannelTitle();
  const rows = useMemo(() => {
    const hour = (at: number) => new Date(at).toLocaleString(i18n.language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', month: '2-digit', day: '2-digit' });
    const name = (one: Summary['hours'][number]) =>
      by === 'state' ? t(`state.${one.state as 'dead'}`) : title(one.channel);
    const counts = new Map<string, { hour: string; kind: string; count: number; id: string }>();
    const first = summary.hours[0];
    const blank = first ? name(first) : '';
    for (let at = Date.parse(summary.from); at < Date.parse(summary.to); at += 3_600_000) {
      counts.set(`${hour(at)} ${blank}`, { hour: hour(at), kind: blank, count: 0, id: '' }); // an hour without any is one all the same
    }
    for (const one of summary.hours) {
      const key = `${hour(Date.parse(one.hour))} ${name(one)}`;
      const was = counts.get(key);
      counts.set(key, { hour: hour(Date.parse(one.hour)), kind: name(one), count: (was?.count ?? 0) + one.count, id: by === 'state' ? one.state : one.channel });
    }
    return [...counts.values()];
  }, [summary, by, t, i18n.language, title]);
  const ink = { labelFill: dark ? '#b3b8c2' : '#4e5969', labelOpacity: 1, labelFontSize: 11 }; // which can be read
  const kinds = new Map(rows.filter((one) => one.id).map((one) => [one.kind, one.id]));
  const inks = [...kinds.values()].map((id, n) => (by === 'state' ? colours[id] : channelColours[n]) ?? '#bfbfbf');
  return (
    <>
      <div className="row">
        <h2 className="flat">{t('deliveries.chart')}</h2> <span className="help">{t('deliveries.chartLead')}</span>
        <span className="space" />
        <Radio.Group aria-label={t('deliveries.chartBy')} size="small" optionType="button" value={by} onChange={(event) => setBy(event.target.value as 'state' | 'channel')} options={[{ value: 'state', label: t('deliveries.byState') }, { value: 'channel', label: t('deliveries.byChannel') }]} />
        <button type="button" className="plainLink" aria-expanded={table} onClick={() => setTable(!table)}>{t('deliveries.chartTable')}</button>
      </div>
      {summary.hours.length === 0 && <p className="lead">{t('deliveries.chartNone')}</p>}
      {summary.hours.length > 0 && !table && (
        <ul className="chips legend">{[...kinds.keys()].map((kind, n) => <li key={kind}><span className="dot" style={{ background: inks[n] }} aria-hidden /> {kind}</li>)}</ul>
      )}
      {summary.hours.length > 0 && !table && (
        <div role="img" aria-label={`${t('deliveries.chart')}: ${[...kinds.keys()].map((kind) => `${kind} ${rows.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.count, 0)}`).join(', ')}`}>
          <Column
            data={rows}
            xField="hour"
            yField="count"
            colorField="kind"
            stack
            height={240}
            theme={dark ? 'classicDark' : 'classic'}
            animate={false}
            paddingRight={32} // for half of the last hour's label
            axis={{ x: { labelAutoRotate: false, labelAutoHide: true, labelFormatter: (at: string) => at.slice(-5), title: false, ...ink }, y: { title: false, ...ink } }}
            scale={{ color: { domain: [...kinds.keys()], range: inks } }}
            legend={false} // its own cuts long words
            style={{ maxWidth: 28 }}
          />
        </div>
      )}
      {summary.hours.length > 0 && table && (
        <Table
          size="small"
          rowKey={(one) => `${one.hour} ${one.kind}`}
          dataSource={rows.filter((one) => one.count > 0)}
          pagination={false}
          columns={[
            { title: t('deliveries.hour'), dataIndex: 'hour' },
            { title: by === 'state' ? t('deliveries.state') : t('deliveries.channel'), dataIndex: 'kind' },
            { title: t('events.count'), dataIndex: 'count', align: 'right' },
          ]}
        />
      )}
    </>
  );
}
