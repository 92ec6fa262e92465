import { PauseCircleOutlined, PlayCircleOutlined } from '@ant-design/icons';
import { App, Button, Tooltip } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, call, get } from '../api/client';
import type { Settings } from '../api/types';
import { useMay } from '../session';

const settled = 6_000; // a function may work with the old settings for five seconds

/** Whether everything is paused, and how to turn that. For a while what was turned here is truer than what the API says. */
export function usePaused(told: boolean | undefined): [boolean | undefined, (to: boolean) => Promise<void>] {
  const client = useQueryClient();
  const [turned, setTurned] = useState<boolean>();
  useEffect(() => {
    if (turned === undefined) return;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: ['deliveries', 'summary'] }).then(() => setTurned(undefined)), settled);
    return () => clearTimeout(timer);
  }, [turned, client]);
  /** The settings are one document, so it is read before it is written. */
  const turn = async (to: boolean) => {
    try {
      const settings = await get<Settings>('settings');
      await call('PUT', 'settings', { body: { ...settings, paused: to } });
      setTurned(to);
    } finally {
      void client.invalidateQueries({ queryKey: ['settings'] });
    }
  };
  return [told === undefined ? undefined : (turned ?? told), turn];
}

/** Holds everything back, or lets it go on. */
export function Pause({ paused, turn }: { paused: boolean | undefined; turn: (to: boolean) => Promise<void> }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const [busy, setBusy] = useState(false);
  const may = useMay('admin');
  const go = async (to: boolean) => {
    setBusy(true);
    try {
      await turn(to);
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    } finally {
      setBusy(false);
    }
  };
  if (paused === undefined || !may) return null;
  if (paused) return <Button type="primary" icon={<PlayCircleOutlined />} loading={busy} onClick={() => void go(false)}>{t('deliveries.resume')}</Button>;
  return (
    <Tooltip title={t('deliveries.pauseHelp')}>
      <Button
        icon={<PauseCircleOutlined />}
        loading={busy}
        onClick={() => modal.confirm({ title: t('deliveries.pauseTitle'), content: t('deliveries.pauseText'), okText: t('deliveries.pause'), onOk: () => go(true) })}
      >
        {t('deliveries.pause')}
      </Button>
    </Tooltip>
  );
}
