import { Alert } from 'antd';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { Heading } from '../parts/Heading';
import { Drawing, ServiceDrawing, type Sender, type Way } from './Drawing';

const ways: Way[] = ['dingtalk', 'wecom', 'lark', 'webhook'];
const senders: Sender[] = ['sms', 'voice', 'email'];

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
          <Way key={way} id={way} title={t(`help.ways.${way}.title`)} steps={t(`help.ways.${way}.steps`, { returnObjects: true })} then={t('help.back')}><Drawing way={way} /></Way>
        ))}
        {senders.map((sender) => (
          <Way key={sender} id={sender} title={t(`help.senders.${sender}.title`)} steps={t(`help.senders.${sender}.steps`, { returnObjects: true })} then={t('help.calls')}><ServiceDrawing sender={sender} /></Way>
        ))}
      </div>
    </>
  );
}

/** How to get what one channel needs: steps, and a drawing beside them. */
function Way({ id, title, steps, then, children }: { id: string; title: string; steps: string[]; then: string; children: ReactNode }) {
  return (
    <section id={`way-${id}`} className="card way" aria-labelledby={`title-${id}`}>
      <div>
        <h2 id={`title-${id}`}>{title}</h2>
        <ol>{steps.map((step) => <li key={step} className="wrap">{step}</li>)}</ol>
        <p className="lead">{then}</p>
      </div>
      {children}
    </section>
  );
}
