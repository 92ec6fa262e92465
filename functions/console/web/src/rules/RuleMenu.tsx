import { EllipsisOutlined } from '@ant-design/icons';
import { App, Button, Dropdown } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { asProblem, call } from '../api/client';
import { rulePath } from '../api/queries';
import type { Rule } from '../api/types';
import { useMay } from '../session';
import { MuteDialog } from './MuteDialog';
import { useAsking } from './waiting';

/** What can be done with a rule of the list. */
export function RuleMenu({ workspace, rule }: { workspace: string; rule: Rule }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay('editor');
  const asking = useAsking();
  const [muting, setMuting] = useState(false);
  const remove = async () => {
    try {
      if (await asking((waiting) => call('DELETE', rulePath(workspace, rule.name), { query: { waiting } }))) {
        void message.success(t('rules.deleted', { name: rule.name }));
      }
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    }
    await client.invalidateQueries({ queryKey: ['rules', workspace] });
  };
  const name = encodeURIComponent(rule.name);
  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            { key: 'edit', label: t('common.edit') },
            ...(rule.foreign || !may ? [] : [{ key: 'duplicate', label: t('rules.duplicate') }]),
            ...(rule.foreign || !may ? [] : [{ key: 'mute', label: t('mute.menu') }]),
            { key: 'deliveries', label: t('rules.deliveries') },
            ...(rule.foreign || !may ? [] : [{ type: 'divider' as const }, { key: 'remove', danger: true, label: t('common.remove') }]),
          ],
          onClick: ({ key }) => {
            if (key === 'edit') void navigate(`edit/${name}`);
            if (key === 'mute') setMuting(true);
            if (key === 'duplicate') void navigate(`new?of=${name}`);
            if (key === 'deliveries') void navigate(`/deliveries?workspace=${encodeURIComponent(workspace)}&rule=${name}`);
            if (key === 'remove') {
              modal.confirm({
                title: t('rules.deleteTitle', { name: rule.name }), content: t('rules.deleteText'), okText: t('common.remove'), okButtonProps: { danger: true }, onOk: remove,
              });
            }
          },
        }}
      >
        <Button type="text" icon={<EllipsisOutlined />} aria-label={t('rules.actionsOf', { name: rule.name })} />
      </Dropdown>
      {muting && <MuteDialog workspace={workspace} rule={rule} close={() => setMuting(false)} />}
    </>
  );
}
