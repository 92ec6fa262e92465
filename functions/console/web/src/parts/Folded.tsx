import { useState, type ReactNode } from 'react';
import { faultsAt, type Place } from './place';

interface FoldedProps {
  title: string;
  summary: string; // what is set, told while it is folded
  place: Place; // in the document that is edited
  children: ReactNode;
}

/** A part of a form that most people leave as it is: its name, what is set, and the rest on demand. A fault in it opens it. */
export function Folded({ title, summary, place: { path, faults }, children }: FoldedProps) {
  const [open, setOpen] = useState(false);
  const wrong = faultsAt(faults, path, true).length > 0;
  return (
    <details className="folded" data-path={path} open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><span className="foldedTitle">{title}</span> <span className="foldedSaid">{summary}</span></summary>
      {(open || wrong) && (
        <div className="foldedBody">
          {faultsAt(faults, path).map((one) => <p key={one} className="fault" role="alert">{one}</p>)}
          {children}
        </div>
      )}
    </details>
  );
}
