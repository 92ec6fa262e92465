import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Delivery } from '../api/types';

const colours: Record<Delivery['state'], string | undefined> = {
  delivered: 'success', waiting: 'processing', claimed: 'processing', dead: 'error', duplicate: undefined, cancelled: undefined,
};

export function StateTag({ delivery }: { delivery: Pick<Delivery, 'state'> }) {
  const { t } = useTranslation();
  return <Tag color={colours[delivery.state]} data-state={delivery.state}>{t(`state.${delivery.state}`)}</Tag>;
}
