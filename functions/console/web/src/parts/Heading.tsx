import { useEffect, useRef, type ReactNode } from 'react';

/** The top of a page. Focus goes there when a page opens, so that a screen reader reads on from it. */
export function Heading({ title, lead, children }: { title: string; lead?: ReactNode; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · pai-notify`;
    if (document.activeElement === document.body || document.activeElement?.closest('nav')) heading.current?.focus();
  }, [title]);
  return (
    <header className="heading">
      <div>
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {lead && <p className="lead">{lead}</p>}
      </div>
      {children && <div className="tools">{children}</div>}
    </header>
  );
}
