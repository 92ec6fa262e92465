import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** A button that copies a text and says so. */
export function Copy({ text, label, small }: { text: string; label?: string; small?: boolean }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const said = copied ? t('common.copied') : (label ?? t('common.copy'));
  return (
    <Button
      size={small ? 'small' : 'middle'}
      type={small ? 'text' : 'default'}
      icon={copied ? <CheckOutlined /> : <CopyOutlined />}
      aria-label={small ? said : undefined}
      title={small ? said : undefined}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {small ? undefined : <span aria-live="polite">{said}</span>}
    </Button>
  );
}
