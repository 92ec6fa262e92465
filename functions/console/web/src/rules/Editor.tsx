import { Alert, App, Button, ConfigProvider, Drawer, Modal } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker, useNavigate, useParams, useSearchParams } from 'react-router';
import { call, Refused } from '../api/client';
import { rulePath, rulesPath, useCatalog, useRule } from '../api/queries';
import type { Choices, Field, Problem, Rule } from '../api/types';
import { FaultList } from '../parts/FaultList';
import type { Part } from '../parts/place';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { useMay } from '../session';
import { bodyOf, copyOf, draftOf, empty, firstScope, type Draft } from './draft';
import { EventForm } from './EventForm';
import { Basics } from './Basics';
import { PreviewPane, usePreview } from './PreviewPane';
import { pretty } from './pretty';
import { Targets } from './Targets';
import { useAsking } from './waiting';

/** A new rule for an event that came: its options are ticked where the catalogue knows them. */
function emptyFor(choices: Choices, options: string[]): Draft {
  const draft = empty(choices);
  const source = choices.sources.find((one) => one.options.some((option) => options.includes(option.id)));
  if (!source) return draft;
  return { ...draft, source: source.id, scope: firstScope(source), options: source.options.map((one) => one.id).filter((id) => options.includes(id)) };
}

export function NewRule() {
  const { workspace = '' } = useParams();
  const [search] = useSearchParams();
  const of = search.get('of') ?? undefined;
  const catalog = useCatalog();
  const original = useRule(workspace, of);
  const event = search.get('event') ?? '';
  const options = (search.get('options') ?? '').split(',').filter(Boolean);
  if (of !== undefined) {
    return (
      <Panel>
        <Loaded query={catalog}>
          {(choices) => <Loaded query={original}>{({ body }) => <Editor workspace={workspace} choices={choices} start={copyOf(body)} copied />}</Loaded>}
        </Loaded>
      </Panel>
    );
  }
  return <Panel><Loaded query={catalog}>{(choices) => <Editor workspace={workspace} choices={choices} start={emptyFor(choices, options)} event={event} />}</Loaded></Panel>;
}

export function EditRule() {
  const { workspace = '', name = '' } = useParams();
  const catalog = useCatalog();
  const rule = useRule(workspace, name);
  return (
    <Panel rule={rule.data?.body}>
      <Loaded query={catalog}>
        {(choices) => (
          <Loaded query={rule}>
            {({ body, etag }) =>
              body.foreign
                ? <Foreign rule={body} />
                : <Editor key={etag} workspace={workspace} choices={choices} start={draftOf(body)} saved={{ rule: body, etag }} reload={() => rule.refetch()} />
            }
          </Loaded>
        )}
      </Loaded>
    </Panel>
  );
}

/** The panel over the list. Closing it is leaving the page, which asks where something was changed. */
function Panel({ rule, children }: { rule?: Rule; children: React.ReactNode }) {
  const { t } = useTranslation();
  const { workspace = '', name } = useParams();
  const navigate = useNavigate();
  const title = name === undefined ? t('rule.newTitle') : rule?.foreign ? t('rule.foreignTitle') : t('rule.editTitle');
  return (
    <Drawer open width="min(1240px, 100vw)" onClose={() => void navigate(`/w/${encodeURIComponent(workspace)}/rules`)} title={title} className="editor" destroyOnHidden>
      {children}
    </Drawer>
  );
}

function Foreign({ rule }: { rule: Rule }) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <h2>{rule.name}</h2>
      <Alert type="info" showIcon message={t('rule.readOnly')} />
      {rule.description && <p className="wrap">{rule.description}</p>}
      <h3>{t('rule.pattern')}</h3>
      <pre className="wrap card" tabIndex={0}>{pretty(rule.pattern)}</pre>
    </div>
  );
}

interface EditorProps {
  workspace: string;
  choices: Choices;
  start: Draft;
  copied?: boolean;
  event?: string; // that the preview begins with
  saved?: { rule: Rule; etag: string };
  reload?: () => void;
}

function Editor({ workspace, choices, start, copied, event, saved, reload }: EditorProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay('editor');
  const asking = useAsking();
  const [first] = useState(start);
  const [draft, setDraft] = useState(start);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [left, setLeft] = useState(touched);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [refused, setRefused] = useState<Field[]>();
  const done = useRef(false);
  const summary = useRef<HTMLDivElement>(null);
  const preview = usePreview(workspace, draft, event);
  const dirty = copied || JSON.stringify(bodyOf(draft)) !== JSON.stringify(bodyOf(first));

  const all = useMemo(() => refused ?? preview.data?.faults ?? [], [refused, preview.data]);
  const faults = useMemo(
    () => (tried ? all : all.filter((one) => [...left].some((path) => one.path === path || one.path.startsWith(`${path}[`)))),
    [all, tried, left],
  );
  // Where somebody has just been is judged once the preview knows what was typed there. A fault of a moment ago would be
  // wrong, and would move what is being clicked away from under the pointer.
  useEffect(() => {
    if (preview.current) setLeft(touched);
  }, [preview.current, touched]);
  const part: Part<Draft> = {
    value: draft,
    set: (change) => {
      setDraft((now) => ({ ...now, ...change }));
      setRefused(undefined);
    },
    path: '',
    faults,
    touch: (path) => setTouched((now) => (now.has(path) ? now : new Set(now).add(path))),
  };

  const save = async (overwrite = false) => {
    setBusy(true);
    setError(undefined);
    setTried(true);
    const body = bodyOf(draft);
    try {
      const etag = overwrite ? undefined : saved?.etag;
      let now: Rule | undefined;
      const sent = saved
        ? await asking(async (waiting) => {
            now = (await call<Rule>('PUT', rulePath(workspace, saved.rule.name), { body, query: { waiting }, headers: etag ? { 'If-Match': etag } : {} })).body;
          })
        : await call<Rule>('POST', rulesPath(workspace), { body }).then((answer) => { now = answer.body; return true; });
      if (!sent) return;
      // The list shows what was saved at once, and still does where asking for it anew fails.
      client.setQueryData<Rule[]>(['rules', workspace], (list) => list && now && [...list.filter((one) => one.name !== now?.name), now].sort((a, b) => (a.name < b.name ? -1 : 1)));
      done.current = true;
      void message.success(t('rule.created', { name: draft.name }));
      void client.invalidateQueries({ queryKey: ['rules', workspace] });
      client.removeQueries({ queryKey: ['rule', workspace, draft.name] });
      await navigate(`/w/${encodeURIComponent(workspace)}/rules`);
    } catch (failure) {
      if (failure instanceof Refused && failure.problem.errors?.length) setRefused(failure.problem.errors);
      else setError(failure);
      requestAnimationFrame(() => summary.current?.focus());
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="editorBody" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <div className="writing stack">
        <div ref={summary} tabIndex={-1} className="summary">
          {tried && all.length > 0 && <FaultList title={t('rule.faults')} faults={all} />}
          <Failure error={error} reload={reload} overwrite={() => void save(true)} />
        </div>
        {!may && <Alert type="info" showIcon message={t('rule.onlyReads')} />}
        <ConfigProvider componentDisabled={!may}>
          <Basics {...part} isNew={!saved} limit={choices.limits.description} />
          <EventForm {...part} choices={choices} />
          <Targets {...part} choices={choices} maxUnits={preview.data?.maxUnits ?? choices.limits.units} saved={saved && { workspace, rule: saved.rule }} />
        </ConfigProvider>
        <div className="actions">
          <Button type="primary" htmlType="submit" loading={busy} disabled={!may} size="large">{saved ? t('rule.save') : t('rule.create')}</Button>
          <Button size="large" onClick={() => void navigate(`/w/${encodeURIComponent(workspace)}/rules`)}>{t('common.cancel')}</Button>
        </div>
      </div>
      <PreviewPane preview={preview} draft={draft} />
      <Leaving when={dirty} done={done} />
    </form>
  );
}

function Failure({ error, reload, overwrite }: { error: unknown; reload?: () => void; overwrite: () => void }) {
  const { t } = useTranslation();
  const problem: Problem | undefined = error instanceof Refused ? error.problem : undefined;
  if (problem?.code === 'RuleChanged' && reload) {
    return (
      <Alert
        type="warning"
        showIcon
        role="alert"
        message={t('rule.changedTitle')}
        description={
          <>
            <p>{t('rule.changedText')}</p>
            <Button size="small" onClick={reload}>{t('rule.reload')}</Button>{' '}
            <Button size="small" danger onClick={overwrite}>{t('rule.overwrite')}</Button>
          </>
        }
      />
    );
  }
  return <TroubleNote error={error} />;
}

/** Asks before what was typed is lost: inside the page, and where the tab is closed. */
function Leaving({ when, done }: { when: boolean; done: React.RefObject<boolean> }) {
  const { t } = useTranslation();
  const blocker = useBlocker(() => when && !done.current);
  useEffect(() => {
    if (!when) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [when]);
  return (
    <Modal
      open={blocker.state === 'blocked'}
      title={t('common.leaveTitle')}
      okText={t('common.stay')}
      cancelText={t('common.leave')}
      onOk={() => blocker.reset?.()}
      onCancel={(event) => (event.currentTarget.classList.contains('ant-btn') ? blocker.proceed?.() : blocker.reset?.())}
    >
      {t('common.leaveText')}
    </Modal>
  );
}
