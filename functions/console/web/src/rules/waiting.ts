import { App } from 'antd';
import { createElement } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../api/client';

/**
 * Does something that takes a rule from those that tell. Where deliveries of it wait, the API wants to know what becomes of
 * them, and so this asks. False means that the person left it.
 */
export function useAsking() {
  const { modal } = App.useApp();
  const { t } = useTranslation();
  return async (work: (waiting?: 'keep' | 'cancel') => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== 'DeliveriesWaiting') throw error;
      const answer = await new Promise<'keep' | 'cancel' | undefined>((tell) => {
        const box = modal.confirm({
          title: t('rules.waitingTitle'),
          content: problem.detail,
          onCancel: () => tell(undefined),
          footer: (_, { CancelBtn, OkBtn }) => [
            createElement(CancelBtn, { key: 'leave' }),
            createElement('button', { key: 'letGo', type: 'button', className: 'ant-btn ant-btn-default ant-btn-color-default ant-btn-variant-outlined', onClick: () => { box.destroy(); tell('cancel'); } }, t('rules.waitingCancel')),
            createElement(OkBtn, { key: 'keep' }),
          ],
          okText: t('rules.waitingKeep'),
          onOk: () => tell('keep'),
        });
      });
      if (!answer) return false;
      await work(answer);
      return true;
    }
  };
}
