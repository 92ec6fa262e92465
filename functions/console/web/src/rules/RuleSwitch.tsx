import { App, Switch } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, call } from '../api/client';
import { rulePath } from '../api/queries';
import type { Rule } from '../api/types';
import { useMay } from '../session';
import { useAsking } from './waiting';

export function RuleSwitch({ workspace, rule }: { workspace: string; rule: Rule }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const asking = useAsking();
  const may = useMay('editor');
  const [busy, setBusy] = useState(false);
  const turn = async (on: boolean) => {
    setBusy(true);
    try {
      const done = await asking((waiting) => call('POST', `${rulePath(workspace, rule.name)}:${on ? 'enable' : 'disable'}`, { query: { waiting } }));
      if (done) void message.success(t(on ? 'rules.toggledOn' : 'rules.toggledOff', { name: rule.name }));
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    } finally {
      await client.invalidateQueries({ queryKey: ['rules', workspace] });
      setBusy(false);
    }
  };
  return (
    <Switch
      checked={rule.enabled}
      disabled={rule.foreign || !may}
      loading={busy}
      aria-label={t('rules.enable', { name: rule.name })}
      onChange={(on) => void turn(on)}
    />
  );
}
