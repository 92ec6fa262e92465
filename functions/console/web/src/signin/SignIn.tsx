import { BellOutlined } from '@ant-design/icons';
import { Alert, Button, Input } from 'antd';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { call, get, Refused } from '../api/client';
import type { Provider, Setup } from '../api/types';
import { Copy } from '../parts/Copy';
import { Row } from '../parts/Row';
import { TroubleNote } from '../parts/Trouble';
import { session } from '../session';
import { Preferences } from '../shell/Preferences';

type Stage = { is: 'key' } | { is: 'token'; token: string } | { is: 'made'; key: string };

/** Takes an API key, or opens a fresh deployment with its bootstrap token. */
export function SignIn({ ended }: { ended: boolean }) {
  const { t } = useTranslation();
  const [stage, setStage] = useState<Stage>({ is: 'key' });
  useEffect(() => {
    document.title = `${t('signin.title')} · pai-notify`;
  }, [t]);
  return (
    <div className="signin">
      <div className="corner"><Preferences /></div>
      <main className="card">
        <p className="brand"><BellOutlined aria-hidden /> pai-notify</p>
        {stage.is === 'key' && <WithKey ended={ended} open={(token) => setStage({ is: 'token', token })} />}
        {stage.is === 'token' && <WithToken token={stage.token} made={(key) => setStage({ is: 'made', key })} back={() => setStage({ is: 'key' })} />}
        {stage.is === 'made' && <Made value={stage.key} />}
      </main>
    </div>
  );
}

function useTry() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const attempt = (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    work().catch(setError).finally(() => setBusy(false));
  };
  return { busy, error, attempt };
}

function WithKey({ ended, open }: { ended: boolean; open: (token: string) => void }) {
  const { t } = useTranslation();
  const { busy, error, attempt } = useTry();
  const [key, setKey] = useState('');
  const [missing, setMissing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = key.trim();
    setMissing(given === '');
    if (given.startsWith('pnb_')) open(given);
    else if (given !== '') attempt(() => session.start(given));
  };
  return (
    <>
      <h1>{t('signin.title')}</h1>
      <p className="lead">{t('signin.lead')}</p>
      {ended && !error && <Alert type="info" showIcon message={t('signin.ended')} />}
      {!window.isSecureContext && <Alert type="warning" showIcon message={t('signin.plain')} />}
      {unknown(error)
        ? <Alert type="error" showIcon role="alert" message={t('signin.wrong')} description={t('signin.wrongAdvice')} />
        : <TroubleNote error={error} />}
      <form noValidate onSubmit={submit}>
        <Row label={t('signin.key')} help={t('signin.keyHelp')} faults={missing ? [t('signin.missing')] : []}>
          {(tied) => <Input.Password {...tied} value={key} autoComplete="current-password" spellCheck={false} size="large" placeholder="pnk_…" autoFocus onChange={(event) => setKey(event.target.value)} />}
        </Row>
        <Button type="primary" htmlType="submit" size="large" block loading={busy} className="under">{t('signin.button')}</Button>
      </form>
      <ThroughProvider />
      <p className="lead foot">{t('signin.token')}</p>
    </>
  );
}

/** Whether the API does not know the key. What it advises then is for programs. */
const unknown = (error: unknown) => error instanceof Refused && error.problem.status === 401;

/** The way through the identity provider, where the deployment has one. Without an answer the key remains. */
function ThroughProvider() {
  const { t } = useTranslation();
  const [provider, setProvider] = useState<Provider>(); // no query: those are forgotten as somebody signs out
  useEffect(() => {
    get<Provider>('session/provider').then(setProvider, () => setProvider(undefined));
  }, []);
  if (!provider?.available) return null;
  return <Button size="large" block href="api/v1/session/provider/start">{t('signin.provider', { host: provider.host })}</Button>;
}

function WithToken({ token, made, back }: { token: string; made: (key: string) => void; back: () => void }) {
  const { t } = useTranslation();
  const { busy, error, attempt } = useTry();
  const submit = () =>
    attempt(async () => {
      const { body } = await call<Setup>('POST', 'setup', { headers: { Authorization: `Bearer ${token}` }, body: {} });
      if (body.key) made(body.key);
    });
  return (
    <>
      <h1>{t('signin.openTitle')}</h1>
      <p className="lead">{t('signin.openText')}</p>
      <TroubleNote error={error} />
      <Button type="primary" size="large" block loading={busy} onClick={submit}>{t('signin.openButton')}</Button>
      <Button size="large" block disabled={busy} onClick={back}>{t('signin.back')}</Button>
    </>
  );
}

function Made({ value }: { value: string }) {
  const { t } = useTranslation();
  const { busy, error, attempt } = useTry();
  return (
    <>
      <h1>{t('signin.madeTitle')}</h1>
      <p className="lead">{t('signin.madeText')}</p>
      <TroubleNote error={error} />
      <p className="secret"><code>{value}</code> <Copy text={value} /></p>
      <Button type="primary" size="large" block loading={busy} onClick={() => attempt(() => session.start(value))}>{t('signin.go')}</Button>
    </>
  );
}
