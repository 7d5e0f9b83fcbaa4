import { Field, Select } from "@fluentui/react-components";

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Value and text, in the order shown. */
  options: readonly (readonly [value: string, text: string])[];
  /** The text of the empty value; without it there is none. */
  any?: string;
  required?: boolean;
}

/** One of a closed list: the browser's own control, so keyboard and screen reader know it. */
export function Choice({ label, value, onChange, options, any, required = false }: ChoiceProps) {
  return (
    <Field label={label} required={required}>
      <Select value={value} onChange={(_, data) => onChange(data.value)}>
        {any !== undefined && <option value="">{any}</option>}
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </Select>
    </Field>
  );
}
