import type { ReactNode } from 'react';

/** An empty list: what would be here and how to get it. */
export function Nothing({ title, advice, children }: { title: string; advice: string; children?: ReactNode }) {
  return (
    <div className="nothing" role="status">
      <svg width="96" height="72" viewBox="0 0 96 72" aria-hidden="true" className="sign">
        <rect x="10" y="14" width="76" height="48" rx="8" className="ground" />
        <path d="M26 30h44M26 42h28" className="stroke" />
      </svg>
      <p className="title">{title}</p>
      <p className="lead">{advice}</p>
      {children}
    </div>
  );
}
