import './nonce';
import './app.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { App, ConfigProvider } from 'antd';
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
import { useSignedIn } from './session';
import { SignIn } from './signin/SignIn';
import './text';

function Console() {
  const { i18n } = useTranslation();
  const dark = useDark();
  const signedIn = useSignedIn();
  useEffect(() => {
    document.documentElement.dataset.look = dark ? 'dark' : 'light';
  }, [dark]);
  useEffect(() => {
    if (!signedIn) client.clear(); // nothing of somebody else's stays
  }, [signedIn]);
  return (
    <ConfigProvider locale={i18n.language === 'zh' ? zhCN : enUS} theme={themeOf(dark)} csp={{ nonce }} button={{ autoInsertSpace: false }}>
      <App className="app" message={{ duration: 4 }}>
        {signedIn ? <RouterProvider router={router} /> : <SignIn />}
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
