import { useState, type ReactNode } from 'react';

interface FoldedProps {
  title: string;
  summary: string; // what is set, told while it is folded
  path: string; // in the document that is edited
  wrong: boolean; // a fault in it opens it
  children: ReactNode;
}

/** A part of a form that most people leave as it is: its name, what is set, and the rest on demand. */
export function Folded({ title, summary, path, wrong, children }: FoldedProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className="folded" data-path={path} open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><span className="foldedTitle">{title}</span> <span className="foldedSaid">{summary}</span></summary>
      {(open || wrong) && <div className="foldedBody">{children}</div>}
    </details>
  );
}
