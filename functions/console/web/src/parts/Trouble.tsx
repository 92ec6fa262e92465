import { Alert, Button, Skeleton } from 'antd';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../api/client';

/** Problems that set-up mends. */
const toSetup = new Set(['NotActivated', 'WorkspaceNotFound', 'DatabaseNotReady']);

/** The set-up of the workspace that the page is about. */
function setupPlace(): string {
  const workspace = /^#\/w\/[^/?]+/.exec(location.hash)?.[0];
  return workspace ? `${workspace}/setup` : '#/setup';
}

/** What went wrong and what to do next, in place of what could not be had. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  const problem = asProblem(error);
  const title =
    problem.status === 403 ? t('problem.forbidden') : problem.status === 404 ? t('problem.notFound') : t('problem.wrong');
  return (
    <div className="nothing trouble">
      <TroubleSign />
      <p className="title" role="alert">{title}</p>
      <p className="lead">{problem.detail}</p>
      <p className="lead">{problem.advice}</p>
      <p className="row middle">
        {again && <Button onClick={again}>{t('problem.again')}</Button>}
        {toSetup.has(problem.code) && <Button type="primary" href={setupPlace()}>{t('problem.setup')}</Button>}
      </p>
    </div>
  );
}

function TroubleSign() {
  return (
    <svg width="72" height="72" viewBox="0 0 72 72" aria-hidden="true" className="sign">
      <circle cx="36" cy="36" r="30" className="ground" />
      <path d="M36 20v20" className="stroke" />
      <circle cx="36" cy="51" r="3.5" className="fill" />
    </svg>
  );
}

/** The same, in a line or two, beside what somebody tried. */
export function TroubleNote({ error, again, children }: { error: unknown; again?: () => void; children?: ReactNode }) {
  const { t } = useTranslation();
  if (!error) return null;
  const problem = asProblem(error);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      message={problem.detail}
      description={
        <>
          {problem.advice}
          {children}
        </>
      }
      action={again && <Button size="small" onClick={again}>{t('problem.again')}</Button>}
    />
  );
}

/** What a query brought; while there is nothing a skeleton, and where nothing comes why. What was there stays. */
export function Loaded<T>({ query, children, rows = 6 }: { query: UseQueryResult<T>; children: (data: T) => ReactNode; rows?: number }) {
  const { t } = useTranslation();
  const again = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error) return <Trouble error={query.error} again={again} />;
    return (
      <div role="status" aria-label={t('common.loading')}>
        <Skeleton active title={false} paragraph={{ rows }} />
      </div>
    );
  }
  return (
    <>
      {query.error && (
        <TroubleNote error={query.error} again={again}>
          {' '}
          {t('problem.stale')}
        </TroubleNote>
      )}
      {children(query.data)}
    </>
  );
}
