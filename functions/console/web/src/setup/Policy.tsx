import { Button, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePolicy } from '../api/queries';
import type { Policy as PolicyAnswer } from '../api/types';
import { Copy } from '../parts/Copy';
import { Loaded } from '../parts/Trouble';

/** The RAM policy to paste, and why each of its permissions is there. */
export function Policy() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const policy = usePolicy(open);
  return (
    <section className="card" aria-label={t('setup.policy')}>
      <div className="row">
        <h2 className="flat">{t('setup.policy')}</h2>
        <span className="space" />
        {!open && <Button onClick={() => setOpen(true)}>{t('setup.showPolicy')}</Button>}
        {policy.data && <Copy text={JSON.stringify(policy.data.policy, null, 2)} label={t('setup.policyCopy')} />}
      </div>
      <p className="lead">{t('setup.policyLead')}</p>
      {open && (
        <Loaded query={policy}>
          {(told) => (
            <>
              <div className="twoColumns policy">
                <pre tabIndex={0} aria-label={t('setup.policy')}>{JSON.stringify(told.policy, null, 2)}</pre>
                <ul className="reasons">
                  {told.reasons.map((one) => (
                    <li key={one.statement}>
                      <p>{one.reason} {one.once && <Tag>{t('setup.once')}</Tag>}</p>
                      <p className="help wrap">{one.actions.join(', ')}</p>
                    </li>
                  ))}
                </ul>
              </div>
              <Sender policy={told.sender} />
            </>
          )}
        </Loaded>
      )}
    </section>
  );
}

/** What the functions need that send text messages, calls and mail: they have a role of their own. */
function Sender({ policy }: { policy: PolicyAnswer['sender'] }) {
  const { t } = useTranslation();
  const text = JSON.stringify(policy, null, 2);
  return (
    <>
      <div className="row senders"><h3 className="flat">{t('setup.senderPolicy')}</h3><span className="space" /><Copy text={text} label={t('setup.senderCopy')} /></div>
      <p className="help">{t('setup.senderLead')}</p>
      <pre className="policyText" tabIndex={0} aria-label={t('setup.senderPolicy')}>{text}</pre>
    </>
  );
}
