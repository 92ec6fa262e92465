import { useTranslation } from 'react-i18next';
import type { Delivery } from '../api/types';

export function StateTag({ delivery }: { delivery: Pick<Delivery, 'state'> }) {
  const { t } = useTranslation();
  return <span className={`state ${delivery.state}`} data-state={delivery.state}>{t(`state.${delivery.state}`)}</span>;
}
