import { Select } from 'antd';
import type { Tied } from './Row';

interface ManyProps {
  tied: Tied;
  value: string[];
  set: (value: string[]) => void;
  most?: number;
  placeholder?: string;
}

/** Several words that somebody types or pastes. */
export function Many({ tied, value, set, most, placeholder }: ManyProps) {
  return (
    <Select
      {...tied}
      mode="tags"
      open={false}
      suffixIcon={null}
      maxCount={most}
      tokenSeparators={[',', ' ', '\n', '，']}
      value={value}
      placeholder={placeholder}
      onChange={(words: string[]) => set(words.map((one) => one.trim()).filter(Boolean))}
    />
  );
}
