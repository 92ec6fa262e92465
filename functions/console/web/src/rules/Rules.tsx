import { PlusOutlined, SearchOutlined, SyncOutlined } from '@ant-design/icons';
import { App, Button, Input, Table, Tooltip, Tag } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, useNavigate, useParams } from 'react-router';
import { call } from '../api/client';
import { rulesPath, useCatalog, useNewest, useRules } from '../api/queries';
import type { Choices, Delivery, Muted, Rule } from '../api/types';
import type { components } from '../api/schema.gen';
import { Heading } from '../parts/Heading';
import { exact, Moment } from '../parts/Moment';
import { Nothing } from '../parts/Nothing';
import { Loaded } from '../parts/Trouble';
import { useWide } from '../parts/wide';
import { useMay } from '../session';
import { RuleMenu } from './RuleMenu';
import { RuleSwitch } from './RuleSwitch';
import { ChannelTags, optionsOf, sourceOf, useChannelTitle } from './shown';

/** EventBridge's quota of rules a bus: help.aliyun.com, EventBridge, "Limits". One of them is pai-notify's own. */
const maxRules = 50;

export function Rules() {
  const { t } = useTranslation();
  const { workspace = '' } = useParams();
  const rules = useRules(workspace);
  const may = useMay('editor');
  const n = (rules.data?.length ?? 0) + 1;
  return (
    <>
      <Heading title={t('rules.title')} lead={t('rules.lead')}>
        {rules.data && rules.data.length > 0 && (
          <Tooltip title={t('rules.countHelp', { max: maxRules })}>
            <span className="count" tabIndex={0}>{t('rules.count', { n, max: maxRules })}</span>
          </Tooltip>
        )}
        {may && rules.data && rules.data.length > 0 && <Recompile workspace={workspace} />}
        {may && <Link to="new" className="asButton"><PlusOutlined /> {t('rules.make')}</Link>}
      </Heading>
      <Loaded query={rules}>{(list) => <List workspace={workspace} rules={list} />}</Loaded>
      <Outlet />
    </>
  );
}

/** When each rule was last told of, and last died, as far as the newest deliveries know. */
function useLast(workspace: string) {
  const told = useNewest({ workspace, state: 'delivered' }, 200, 30_000);
  const dead = useNewest({ workspace, state: 'dead' }, 200, 30_000);
  return useMemo(() => ({ told: firsts(told.data), dead: firsts(dead.data) }), [told.data, dead.data]);
}

function firsts(list: Delivery[] = []) {
  const found = new Map<string, string>();
  for (const one of list) if (one.rule && !found.has(one.rule)) found.set(one.rule, one.done ?? one.created);
  return found;
}

function matches(rule: Rule, text: string, choices: Choices | undefined, language: string, title: (channel: string) => string): boolean {
  const hay = [rule.name, rule.description, sourceOf(rule, choices, language), ...rule.targets.flatMap((one) => [one.id, one.channel, title(one.channel)])];
  return hay.some((one) => one?.toLowerCase().includes(text.toLowerCase()));
}

function List({ workspace, rules }: { workspace: string; rules: Rule[] }) {
  const { t, i18n } = useTranslation();
  const [text, setText] = useState('');
  const sought = useDeferredValue(text.trim());
  const choices = useCatalog().data;
  const title = useChannelTitle();
  const last = useLast(workspace);
  const wide = useWide();
  const may = useMay('editor');
  const navigate = useNavigate();
  if (rules.length === 0) {
    return (
      <Nothing title={t('rules.empty')} advice={t('rules.emptyAdvice')}>
        {may && <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate('new')}>{t('rules.make')}</Button>}
      </Nothing>
    );
  }
  const shown = sought ? rules.filter((rule) => matches(rule, sought, choices, i18n.language, title)) : rules;
  return (
    <>
      <Input className="search" allowClear prefix={<SearchOutlined aria-hidden />} value={text} onChange={(event) => setText(event.target.value)} aria-label={t('rules.search')} placeholder={t('rules.searchHelp')} />
      {shown.length === 0 && <Nothing title={t('rules.nothing')} advice={t('rules.nothingAdvice')} />}
      {shown.length > 0 && !wide && (
        <ul className="cards">
          {shown.map((rule) => (
            <li key={rule.name} className="card">
              <div className="row"><Name rule={rule} /><span className="space" /><RuleSwitch workspace={workspace} rule={rule} /><RuleMenu workspace={workspace} rule={rule} /></div>
              <p>{sourceOf(rule, choices, i18n.language)}</p>
              <Options rule={rule} choices={choices} />
              <ChannelTags rule={rule} />
              <p className="lead">{t('rules.lastTold')}{t('common.colon')}<Moment at={last.told.get(rule.name)} /> · {t('rules.lastFailed')}{t('common.colon')}<Moment at={last.dead.get(rule.name)} /></p>
            </li>
          ))}
        </ul>
      )}
      {shown.length > 0 && wide && (
        <Table<Rule>
          className="card table"
          rowKey="name"
          dataSource={shown}
          pagination={false}
          columns={[
            { title: t('rules.name'), key: 'name', render: (_, rule) => <Name rule={rule} />, onCell: () => ({ className: 'nameCell' }) },
            {
              title: t('rules.options'), key: 'options',
              render: (_, rule) => <><p>{sourceOf(rule, choices, i18n.language)}</p><Options rule={rule} choices={choices} /></>,
            },
            { title: t('rules.targets'), key: 'targets', render: (_, rule) => <ChannelTags rule={rule} /> },
            {
              title: <Tooltip title={`${t('rules.lastHelp')} ${t('rules.lastDeadHelp')}`}><span>{t('rules.lastTold')}<br />{t('rules.lastFailed')}</span></Tooltip>, key: 'last',
              render: (_, rule) => <><Moment at={last.told.get(rule.name)} /><br /><span className="deadTime"><Moment at={last.dead.get(rule.name)} /></span></>,
            },
            { title: t('rules.enabled'), key: 'enabled', render: (_, rule) => <RuleSwitch workspace={workspace} rule={rule} /> },
            { title: <span className="sr">{t('common.actions')}</span>, key: 'actions', render: (_, rule) => <RuleMenu workspace={workspace} rule={rule} /> },
          ]}
        />
      )}
    </>
  );
}

function Name({ rule }: { rule: Rule }) {
  const { t } = useTranslation();
  return (
    <div className="name">
      <Link to={`edit/${encodeURIComponent(rule.name)}`}>{rule.name}</Link>{' '}
      {rule.foreign && <Tooltip title={t('rules.foreignHelp')}><Tag tabIndex={0}>{t('rules.foreign')}</Tag></Tooltip>}
      {(rule.drift?.length ?? 0) > 0 && (
        <Tooltip title={<>{t('rules.driftHelp')}<ul className="inTip">{rule.drift?.map((one) => <li key={one}>{one}</li>)}</ul></>}>
          <Tag className="state waiting" tabIndex={0}>{t('rules.drift')}</Tag>
        </Tooltip>
      )}
      {(rule.muted?.length ?? 0) > 0 && <MutedTag muted={rule.muted ?? []} />}
      {rule.description && <p className="lead clamp">{rule.description}</p>}
    </div>
  );
}

function MutedTag({ muted }: { muted: Muted[] }) {
  const { t, i18n } = useTranslation();
  const said = muted.map((one) => t('mute.badgeHelp', { what: one.target ?? t('mute.whole'), when: exact(new Date(one.until), i18n.language) }));
  return <Tooltip title={said.map((one) => <p key={one}>{one}</p>)}><Tag className="state muted" tabIndex={0}>{t('mute.badge')}{muted.every((one) => one.target) && `${t('common.colon')}${muted.map((one) => one.target).join(t('common.comma'))}`}</Tag></Tooltip>;
}

function Options({ rule, choices }: { rule: Rule; choices: Choices | undefined }) {
  const { t, i18n } = useTranslation();
  const all = optionsOf(rule, choices, i18n.language);
  const most = 2;
  if (all.length === 0) return <>—</>;
  return (
    <span className="tags">
      {all.slice(0, most).map((one) => <Tag key={one}>{one}</Tag>)}
      {all.length > most && <Tooltip title={all.slice(most).join(t('common.comma'))}><Tag tabIndex={0}>{t('rules.more', { n: all.length - most })}</Tag></Tooltip>}
    </span>
  );
}

function Recompile({ workspace }: { workspace: string }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      const { body } = await call<components['schemas']['RecompilationBody']>('POST', `${rulesPath(workspace)}:recompile`);
      const failed = body.items.filter((one) => !one.recompiled);
      if (failed.length === 0) void message.success(t('rules.recompiled', { n: body.items.length }));
      else {
        modal.warning({
          title: t('rules.recompileFailed', { n: failed.length }),
          content: <ul>{failed.map((one) => <li key={one.name}>{one.name}: {one.problem?.detail} {one.problem?.advice}</li>)}</ul>,
        });
      }
    } catch (error) {
      void message.error(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ['rules', workspace] });
    }
  };
  return (
    <Tooltip title={t('rules.recompileHelp')}>
      <Button icon={<SyncOutlined />} loading={busy} onClick={() => void go()}>{t('rules.recompile')}</Button>
    </Tooltip>
  );
}

