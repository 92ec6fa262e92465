import { App, Button } from 'antd';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { asProblem, call, get } from '../api/client';
import type { Page, SignedIn } from '../api/types';
import { Moment } from '../parts/Moment';
import { useSession } from '../session';

/** Who is signed in to the console, one entry for each person or key. Only who administers all workspaces may know. */
export function Sessions() {
  const { t } = useTranslation();
  const now = useSession();
  const mayKnow = now.is === 'in' && now.caller.workspaces.length === 0;
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => (await get<Page<SignedIn>>('sessions', {}, signal)).items,
    enabled: mayKnow,
  });
  if (!sessions.data) return null;
  const people = new Map<string, SignedIn[]>();
  for (const one of sessions.data) people.set(one.id, [...(people.get(one.id) ?? []), one]);
  return (
    <section className="card" aria-labelledby="signed-in">
      <h2 id="signed-in">{t('keys.signedIn')}</h2>
      <ul className="cards">
        {[...people].map(([id, list]) => <Person key={id} sessions={list} />)}
      </ul>
    </section>
  );
}

function Person({ sessions: [newest, ...others] }: { sessions: SignedIn[] }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const client = useQueryClient();
  if (!newest) return null;
  const end = async () => {
    try {
      await call('DELETE', `sessions/${newest.id}`);
      await client.invalidateQueries({ queryKey: ['sessions'] });
    } catch (error) {
      const problem = asProblem(error);
      void message.error(`${problem.detail} ${problem.advice}`, 8);
    }
  };
  return (
    <li className="card">
      <div className="row">
        <strong className="wrap">{newest.name}</strong> <code>{newest.id}</code>
        <span className="space" />
        <Button
          size="small"
          danger
          aria-label={`${t('keys.end')}: ${newest.name}`}
          onClick={() => modal.confirm({ title: t('keys.endTitle', { name: newest.name }), content: t('keys.endText'), okText: t('keys.end'), okButtonProps: { danger: true }, onOk: end })}
        >
          {t('keys.end')}
        </Button>
      </div>
      <p className="lead">
        {t(newest.via === 'provider' ? 'keys.byProvider' : 'keys.byKey')} · {t('keys.sessions', { n: others.length + 1 })} · {t('keys.opened')}{t('common.colon')}<Moment at={newest.opened} />
      </p>
    </li>
  );
}
