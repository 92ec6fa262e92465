import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { get } from '../api/client';
import type { UnknownName, UnknownNames } from '../api/types';
import { Copy } from '../parts/Copy';
import { Moment } from '../parts/Moment';
import { Loaded } from '../parts/Trouble';
import { useMay } from '../session';
import { samplePlace } from './Events';

/** What PAI said and the catalogue does not know, and what to teach it. */
export function Unknown({ workspace }: { workspace: string }) {
  const { t } = useTranslation();
  const names = useQuery({ queryKey: ['unknown', workspace], queryFn: ({ signal }) => get<UnknownNames>(`workspaces/${encodeURIComponent(workspace)}/unknown`, {}, signal) });
  return (
    <section className="card" aria-label={t('events.names')}>
      <div className="row">
        <h2 className="flat">{t('events.names')}</h2>
        <span className="space" />
        <Link to="/settings">{t('events.toSettings')}</Link>
      </div>
      <Loaded query={names} rows={3}>
        {({ items, missing, lastEvent }) => (
          <>
            <p className="lead">{items.length > 0 ? t('events.namesLead') : t('events.noNames')}</p>
            <p className="lead">{lastEvent ? <>{t('events.lastEvent')}{t('common.colon')}<Moment at={lastEvent} /></> : t('events.never')}</p>
            {items.length > 0 && <ul className="eventList">{items.map((one) => <Name key={`${one.kind} ${one.source ?? ''} ${one.name}`} one={one} workspace={workspace} />)}</ul>}
            {missing.length > 0 && (
              <details>
                <summary>{t('events.missing')} ({missing.length})</summary>
                <p className="help">{t('events.missingLead')}</p>
                <ul>{missing.map((one) => <li key={one}><code className="wrap">{one}</code></li>)}</ul>
              </details>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

function Name({ one, workspace }: { one: UnknownName; workspace: string }) {
  const { t } = useTranslation();
  const may = useMay('editor');
  return (
    <li>
      <div className="eventRow">
        <div>
          <p className="flat"><span className="state">{t(`events.kind.${one.kind}`)}</span> <code className="wrap">{one.name}</code></p>
          {one.source && one.source !== one.name && <p className="help wrap">{one.source}</p>}
        </div>
        <div className="wrap">{one.value && <><span className="help">{t('events.value')}</span> <code>{one.value}</code></>}</div>
        <span>{t('events.count')}{t('common.colon')}{one.count} · <Moment at={one.last} /></span>
        <div className="row eventMoves">{one.event && may && <Link to={samplePlace(workspace, one.event)} aria-label={`${t('events.sample')}: ${one.event}`}>{t('events.sample')}</Link>}</div>
      </div>
      {one.override && (
        <details>
          <summary>{t('events.override')}</summary>
          <div className="row"><pre className="wrap body" tabIndex={0}>{one.override}</pre><Copy small text={one.override} /></div>
        </details>
      )}
    </li>
  );
}
