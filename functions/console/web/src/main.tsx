import './nonce';
import './app.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { App, ConfigProvider, Spin } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { useTranslation } from 'react-i18next';
import { RouterProvider } from 'react-router';
import { client } from './api/queries';
import { themeOf, useDark } from './look';
import { nonce } from './nonce';
import { router } from './router';
import { session, useSession } from './session';
import { SignIn } from './signin/SignIn';
import { Trouble } from './parts/Trouble';
import './text';

function Console() {
  const { i18n } = useTranslation();
  const dark = useDark();
  const now = useSession();
  useEffect(() => {
    document.documentElement.dataset.look = dark ? 'dark' : 'light';
  }, [dark]);
  useEffect(() => {
    void session.ask();
  }, []);
  useEffect(() => {
    if (now.is === 'out') client.clear(); // nothing of somebody else's stays
  }, [now.is]);
  return (
    <ConfigProvider locale={i18n.language === 'zh' ? zhCN : enUS} theme={themeOf(dark)} csp={{ nonce }} button={{ autoInsertSpace: false }}>
      <App className="app" message={{ duration: 4 }}>
        {now.is === 'asking' && <div className="splash" role="status" aria-label="pai-notify"><Spin size="large" /></div>}
        {now.is === 'unknown' && <Trouble error={now.error} again={() => void session.ask()} />}
        {now.is === 'out' && <SignIn ended={now.ended} />}
        {now.is === 'in' && <RouterProvider router={router} />}
      </App>
    </ConfigProvider>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Console />
      </QueryClientProvider>
    </StrictMode>,
  );
}
