import { Alert, Button } from 'antd';
import type { Field } from '../api/types';

/** Everything that is wrong; each leads to its place. */
export function FaultList({ title, faults }: { title: string; faults: Field[] }) {
  const go = (path: string) => {
    for (let at = path; at !== ''; at = at.replace(/(\.|\[)[^.[]*$/, '')) {
      const place = document.querySelector<HTMLElement>(`[data-path="${CSS.escape(at)}"]`);
      if (place) {
        (place.querySelector<HTMLElement>('input, textarea, button, [tabindex]') ?? place).focus();
        return;
      }
      if (!/[.[]/.test(at)) return;
    }
  };
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      message={title}
      description={
        <ul className="faultList">
          {faults.map((one) => (
            <li key={one.path + one.message}>
              {one.path && <Button type="link" size="small" onClick={() => go(one.path)}>{one.path}</Button>} {one.message}
            </li>
          ))}
        </ul>
      }
    />
  );
}
