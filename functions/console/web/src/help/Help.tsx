import { Alert } from 'antd';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { Heading } from '../parts/Heading';
import { Drawing, type Way } from './Drawing';

const ways: Way[] = ['dingtalk', 'wecom', 'lark', 'webhook'];

export function Help() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const wanted = search.get('channel');
  useEffect(() => {
    if (wanted) document.getElementById(`way-${wanted}`)?.scrollIntoView();
  }, [wanted]);
  return (
    <>
      <Heading title={t('help.title')} lead={t('help.lead')} />
      <div className="stack">
        <Alert type="info" showIcon message={t('help.security')} />
        {ways.map((way) => (
          <section key={way} id={`way-${way}`} className="card way" aria-labelledby={`title-${way}`}>
            <div>
              <h2 id={`title-${way}`}>{t(`help.ways.${way}.title`)}</h2>
              <ol>{t(`help.ways.${way}.steps`, { returnObjects: true }).map((step) => <li key={step} className="wrap">{step}</li>)}</ol>
              <p className="lead">{t('help.back')}</p>
            </div>
            <Drawing way={way} />
          </section>
        ))}
      </div>
    </>
  );
}
