import { CheckCircleFilled, ClockCircleFilled, CloseCircleFilled, LoadingOutlined, MinusCircleFilled, ReloadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Progress } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { call } from '../api/client';
import { useSetup } from '../api/queries';
import type { Setup as SetupAnswer, SetupOrder, Step } from '../api/types';
import { Heading } from '../parts/Heading';
import { Moment, spoken } from '../parts/Moment';
import { useNow } from '../parts/now';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { ChooseWorkspace } from '../shell/ChooseWorkspace';
import { Policy } from './Policy';

const every = 3_000; // while something goes on
const silence = 24 * 3_600_000; // after which it is said that PAI has not spoken

export function Setup() {
  const { workspace } = useParams();
  return workspace ? <SetupOf workspace={workspace} /> : <ChooseWorkspace page="setup" />;
}

function SetupOf({ workspace }: { workspace: string }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<unknown>();
  const setup = useSetup(workspace, (now) => (now?.steps.some((one) => one.state === 'running') ? every : false));

  /** Steps run one request at a time; what a step needs of another is for the API to say. */
  const act = async (name: string, order: SetupOrder) => {
    setBusy(name);
    setError(undefined);
    try {
      const { body } = await call<SetupAnswer>('POST', 'setup', { query: { workspace }, body: { workspace, ...order } });
      client.setQueryData(['setup', workspace, i18n.language], body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(undefined);
      void client.invalidateQueries({ queryKey: ['rules', workspace] });
    }
  };

  return (
    <>
      <Heading title={t('setup.title')} lead={t('setup.lead')}>
        <Button icon={<ReloadOutlined />} loading={setup.isFetching} onClick={() => void setup.refetch()}>{t('setup.again')}</Button>
      </Heading>
      <div className="stack">
        {error !== undefined && <TroubleNote error={error} />}
        <Loaded query={setup} rows={10}>
          {(answer) => (
            <div className="stack">
              <Overall steps={answer.steps} busy={busy} act={act} />
              <ol className="steps card">
                {answer.steps.map((step) => <StepRow key={step.id} step={step} busy={busy} act={act} />)}
              </ol>
              <Observed answer={answer} workspace={workspace} />
              <Policy />
            </div>
          )}
        </Loaded>
      </div>
    </>
  );
}

interface ActProps {
  busy: string | undefined;
  act: (name: string, order: SetupOrder) => Promise<void>;
}

function Overall({ steps, busy, act }: { steps: Step[] } & ActProps) {
  const { t } = useTranslation();
  const used = steps.filter((one) => one.state !== 'unused');
  const done = used.filter((one) => one.state === 'done').length;
  const running = steps.some((one) => one.state === 'running');
  const needed = steps.some((one) => one.state === 'needed' || one.state === 'failed');
  const text = t('setup.progress', { done, total: used.length });
  return (
    <section className="card overall">
      <Progress type="circle" size={56} percent={Math.round((100 * done) / used.length)} format={() => `${done}/${used.length}`} status={done === used.length ? 'success' : 'normal'} aria-label={text} />
      <div>
        <div role="status"><h2 className="flat">{done === used.length ? t('setup.allDone') : text}</h2></div>
        {running && <p className="lead">{t('setup.checking')}</p>}
      </div>
      <span className="space" />
      {needed && <Button type="primary" size="large" loading={busy === 'all'} disabled={busy !== undefined && busy !== 'all'} onClick={() => void act('all', {})}>{t('setup.all')}</Button>}
    </section>
  );
}

const signs: Record<Step['state'], ReactNode> = {
  done: <CheckCircleFilled className="good" />,
  needed: <ClockCircleFilled className="due" />,
  blocked: <MinusCircleFilled className="off" />,
  failed: <CloseCircleFilled className="bad" />,
  running: <LoadingOutlined className="due" />,
  unused: <MinusCircleFilled className="off" />,
};

function StepRow({ step, busy, act }: { step: Step } & ActProps) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const open = step.state === 'needed' || step.state === 'failed';
  const notEnabled = step.id === 'activation' && step.state === 'needed';
  const withButton = open || (step.id === 'canary' && step.state === 'done');
  const name =
    step.id === 'activation' ? t('setup.do.activation')
    : step.id === 'bus' ? t('setup.do.bus')
    : step.id === 'canary' ? (step.state === 'needed' ? t('setup.do.canary') : t('setup.canaryAgain'))
    : t('setup.do.other');
  const go = () => {
    if (step.id === 'activation' && step.state === 'needed') {
      modal.confirm({
        title: t('setup.activateTitle'), content: t('setup.activateText'), okText: t('setup.activateOK'),
        onOk: () => act(step.id, { activate: true, steps: [step.id] }),
      });
    } else if (step.id === 'bus' && step.state === 'needed') {
      modal.confirm({
        title: t('setup.busTitle'), content: t('setup.busText'), okText: t('setup.busOK'),
        onOk: () => act(step.id, { createBus: true, steps: [step.id] }),
      });
    } else void act(step.id, { steps: [step.id] });
  };
  return (
    <li className={`step ${step.state}`} data-step={step.id} data-state={step.state}>
      <span className="stepSign" aria-hidden>{signs[step.state]}</span>
      <div className="stepText">
        <h3>{step.title} <span className={`stepState ${step.state}`}>{t(`setup.state.${step.state}`)}</span></h3>
        <p className="wrap">{step.text}</p>
        {notEnabled && <Alert type="info" showIcon message={t('setup.notEnabled')} />}
        {step.advice && step.state === 'done' && <p className="help wrap">{step.advice}</p>}
        {step.advice && step.state === 'unused' && <details><summary>{t('setup.what')}</summary><p className="wrap">{step.advice}</p></details>}
        {step.advice && step.state !== 'done' && step.state !== 'unused' && !open && <p className="wrap"><strong>{t('setup.what')}{t('common.colon')}</strong>{step.advice}</p>}
        {step.advice && open && <details><summary>{t('setup.what')}</summary><p className="wrap">{step.advice}</p></details>}
      </div>
      {withButton && (
        <Button type={step.state === 'done' ? 'text' : 'default'} loading={busy === step.id} disabled={busy !== undefined && busy !== step.id} aria-label={`${name}: ${step.title}`} onClick={go}>{name}</Button>
      )}
    </li>
  );
}

function Observed({ answer, workspace }: { answer: SetupAnswer; workspace: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const seen = answer.observed;
  if (!seen) return null;
  return (
    <section className="card stack">
      <div className="row">
        {seen.lastEvent && <span>{t('setup.spoken')} <Moment at={seen.lastEvent} /></span>}
        <span className="space" />
        <Link to={`/w/${encodeURIComponent(workspace)}/events`}>{t('events.all')}</Link>
      </div>
      {seen.lastEvent && now - Date.parse(seen.lastEvent) > silence && <Alert type="info" showIcon message={t('setup.silent', { when: spoken(new Date(seen.lastEvent), now, i18n.language) })} />}
      {!seen.lastEvent && <Alert type="info" showIcon message={t('setup.never')} />}
      {seen.unknown.length > 0 && (
        <div>
          <h2>{t('setup.unknown')}</h2>
          <p className="lead">{t('setup.unknownLead')}</p>
          <ul className="eventList">
            {seen.unknown.map((one) => (
              <li key={`${one.kind} ${one.name}`}>
                <p className="flat"><span className="state">{t(`events.kind.${one.kind as 'type'}`, { defaultValue: one.kind })}</span> <code className="wrap">{one.name}</code></p>
                <p className="help">{t('events.count')}{t('common.colon')}{one.count} · <Moment at={one.last} /></p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
