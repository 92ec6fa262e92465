import { BgColorsOutlined } from '@ant-design/icons';
import { Button, Popover, Radio } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { look, useDark, wear, type Look } from '../look';
import { speak, type Language } from '../text';

/** Language and appearance. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  useDark(); // so that it shows what was chosen
  const [open, setOpen] = useState(false);
  const other: Language = i18n.language === 'zh' ? 'en' : 'zh';
  return (
    <>
      <Button type="text" lang={other} onClick={() => speak(other)}>{other === 'zh' ? '中文' : 'English'}</Button>
      <Popover
        trigger="click"
        open={open}
        onOpenChange={setOpen}
        placement="bottomRight"
        content={
          <fieldset className="plain" onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}>
            <legend>{t('look.title')}</legend>
            <Radio.Group
              className="upright"
              aria-label={t('look.title')}
              value={look()}
              onChange={(event) => wear(event.target.value as Look)}
              options={(['system', 'light', 'dark'] as const).map((value) => ({ value, label: t(`look.${value}`) }))}
            />
          </fieldset>
        }
      >
        <Button type="text" icon={<BgColorsOutlined />} aria-label={t('look.title')} title={t('look.title')} aria-expanded={open} />
      </Popover>
    </>
  );
}
