import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';

/** What a page shows that failed, or whose files are of another release. */
export function Boundary() {
  const { t } = useTranslation();
  const error = useRouteError();
  const text = error instanceof Error ? error.message : String(error);
  const old = /dynamically imported module|module script|Importing a module/i.test(text);
  return (
    <div className="nothing">
      <p className="title" role="alert">{old ? t('problem.newRelease') : t('problem.crash')}</p>
      {!old && <p className="lead wrap">{text} {t('problem.pageAdvice')}</p>}
      <Button type="primary" onClick={() => location.reload()}>{t('problem.reload')}</Button>
    </div>
  );
}
