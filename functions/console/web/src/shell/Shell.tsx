import {
  ApiOutlined, AuditOutlined, ThunderboltOutlined, BellOutlined, KeyOutlined, LogoutOutlined, MenuOutlined, QuestionCircleOutlined, SendOutlined, SettingOutlined, TeamOutlined,
} from '@ant-design/icons';
import { Alert, App, Button, Drawer } from 'antd';
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, Outlet, useLocation, useNavigate, useParams } from 'react-router';
import { asProblem } from '../api/client';
import { Heading } from '../parts/Heading';
import { Preferences } from './Preferences';
import { session, useMay } from '../session';
import { ChooseWorkspace, WorkspacePicker } from './ChooseWorkspace';
import { remember, useKnown } from './workspace';

/** The frame of every page. */
export function Shell() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const { workspace } = useParams();
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (workspace) remember(workspace);
  }, [workspace]);
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={skip}>{t('nav.skip')}</a>
      <header className="bar">
        <Button className="burger" type="text" icon={<MenuOutlined />} aria-label={t('nav.open')} aria-expanded={open} onClick={() => setOpen(true)} />
        <span className="brand"><BellOutlined aria-hidden /> pai-notify</span>
        <WorkspacePicker />
        <span className="space" />
        <Preferences />
        <Button type="text" icon={<LogoutOutlined />} aria-label={t('nav.signOut')} title={t('nav.signOut')} onClick={() => void session.end().catch((error: unknown) => message.error(asProblem(error).detail))} />
      </header>
      <div className="beside">
        <nav className="side" aria-label={t('nav.title')}><Pages /></nav>
        <Drawer open={open} onClose={() => setOpen(false)} placement="left" width={260} title="pai-notify">
          <nav className="inDrawer" aria-label={t('nav.title')}><Pages /></nav>
        </Drawer>
        <main id="content" tabIndex={-1}>
          <Offline />
          <Outlet />
        </main>
      </div>
    </div>
  );
}

/** The address behind # is the page's place, so the link's own jump will not do. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Pages() {
  const { t } = useTranslation();
  const { workspace } = useParams();
  const admin = useMay('admin');
  const last = useKnown()[0];
  const at = workspace ?? last;
  const inWorkspace = (page: string) => (at ? `/w/${encodeURIComponent(at)}/${page}` : `/${page}`);
  const pages: [string, string, ReactNode][] = [
    [inWorkspace('rules'), t('nav.rules'), <BellOutlined key="i" />],
    [inWorkspace('events'), t('nav.events'), <ThunderboltOutlined key="i" />],
    [`/deliveries${at ? `?workspace=${encodeURIComponent(at)}` : ''}`, t('nav.deliveries'), <SendOutlined key="i" />],
    ['/contacts', t('nav.contacts'), <TeamOutlined key="i" />],
    ...(admin ? [[inWorkspace('setup'), t('nav.setup'), <ApiOutlined key="i" />] as [string, string, ReactNode]] : []),
    ['/settings', t('nav.settings'), <SettingOutlined key="i" />],
    ...(admin
      ? [['/keys', t('nav.keys'), <KeyOutlined key="i" />] as [string, string, ReactNode], ['/audit', t('nav.audit'), <AuditOutlined key="i" />] as [string, string, ReactNode]]
      : []),
    ['/help', t('nav.help'), <QuestionCircleOutlined key="i" />],
  ];
  return (
    <ul>
      {pages.map(([to, label, icon]) => (
        <li key={label}>
          <NavLink to={to}>{icon}<span>{label}</span></NavLink>
        </li>
      ))}
    </ul>
  );
}

/** Where there is no place yet: the workspace opened last, or the question which. */
export function Start({ page = 'rules' }: { page?: string }) {
  const navigate = useNavigate();
  const last = useKnown()[0];
  useEffect(() => {
    if (last) void navigate(`/w/${encodeURIComponent(last)}/${page}`, { replace: true });
  }, [last, navigate, page]);
  const admin = useMay('admin');
  return last ? null : <ChooseWorkspace page={admin && page === 'rules' ? 'setup' : page} />;
}

export function Missing() {
  const { t } = useTranslation();
  return <Heading title={t('common.page')} lead={t('common.pageAdvice')} />;
}

function Offline() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener);
      addEventListener('offline', listener);
      return () => {
        removeEventListener('online', listener);
        removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
  return online ? null : <Alert className="offline" type="warning" showIcon banner role="status" message={t('problem.youAreOffline')} />;
}
