import { ThunderboltOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, Refused } from '../api/client';
import type { Channel, Target, TestOrder, TestResult } from '../api/types';
import { wrong } from '../parts/place';
import { TroubleNote } from '../parts/Trouble';
import { useMay } from '../session';
import { keepsSecrets, typed, type DraftTarget } from './draft';

interface TestButtonProps {
  target: DraftTarget;
  channel: Channel | undefined;
  saved?: { workspace: string; rule: string; target: Target | undefined };
  language: string;
}

/** Sends one test message through a target and says what came of it. */
export function TestButton({ target, channel, saved, language }: TestButtonProps) {
  const { t } = useTranslation();
  const may = useMay('editor');
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<TestResult>();
  const [error, setError] = useState<unknown>();
  const settings = JSON.stringify(typed(target));
  useEffect(() => {
    setResult(undefined); // it was of other settings
    setError(undefined);
  }, [settings]);

  const before = saved?.target;
  const same = before !== undefined && settings === JSON.stringify(before.settings ?? {});
  const incomplete = !same && keepsSecrets(target);
  const order: TestOrder = same && saved
    ? { workspace: saved.workspace, rule: saved.rule, target: target.id }
    : { channel: target.channel, settings: typed(target), ...(target.language ? { language: target.language } : {}) };

  const test = async () => {
    setBusy(true);
    setError(undefined);
    setResult(undefined);
    try {
      setResult((await call<TestResult>('POST', 'connectivity', { body: order })).body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="test">
      <div className="row">
        <Button icon={<ThunderboltOutlined />} loading={busy} disabled={!may || incomplete || !channel} onClick={() => void test()}>{busy ? t('rule.testing') : t('rule.test')}</Button>
        <span className="help">{incomplete ? t('rule.testNeedsSecrets') : t('rule.testNoted')}</span>
      </div>
      <div aria-live="polite">
        {result && <Diagnosis result={result} />}
        {error !== undefined && <Refusal error={error} channel={channel} language={language} />}
      </div>
    </div>
  );
}

export function Diagnosis({ result }: { result: TestResult }) {
  const { t } = useTranslation();
  const facts: [string, string][] = [];
  if (!result.ok && result.step) facts.push([t('rule.testStep'), t(`rule.step.${result.step}`)]);
  if (!result.ok && result.code) facts.push([t('rule.testCode'), result.code]);
  if (!result.ok && result.text) facts.push([t('rule.testSaid'), result.text]);
  if (result.receipt) facts.push([t('rule.receipt'), result.receipt]);
  return (
    <Alert
      type={result.ok ? 'success' : 'error'}
      showIcon
      message={<>{result.ok ? t(result.checked ? 'rule.testChecked' : 'rule.testOK') : t('rule.testFailed')} <span className="help">{t('rule.testTook', { ms: result.ms })}</span></>}
      description={
        (facts.length > 0 || result.advice) && (
          <>
            {result.advice && <p><strong>{result.advice}</strong></p>}
            <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="wrap">{value}</dd></div>)}</dl>
          </>
        )
      }
    />
  );
}

/** Settings that are at fault are told by field, in the fields' own names. */
function Refusal({ error, channel, language }: { error: unknown; channel: Channel | undefined; language: string }) {
  const faults = error instanceof Refused ? (error.problem.errors ?? []) : [];
  if (faults.length === 0) return <TroubleNote error={error} />;
  return (
    <Alert
      type="error"
      showIcon
      message={
        <ul className="faultList">
          {faults.map((one) => {
            const field = channel?.fields.find((setting) => one.path === `settings.${setting.name}`);
            return <li key={one.path + one.message}><strong>{field?.label[language] ?? one.path}</strong> {wrong(one)}</li>;
          })}
        </ul>
      }
    />
  );
}
