import { Checkbox, makeStyles, tokens } from "@fluentui/react-components";

import { FieldGroup } from "./Fields";

const useStyles = makeStyles({
  boxes: { display: "flex", flexWrap: "wrap", columnGap: tokens.spacingHorizontalM },
  none: { color: tokens.colorNeutralForeground2 },
});

interface SeveralProps {
  legend: string;
  options: readonly (readonly [value: string, text: string])[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  /** What is said where there is nothing to choose from. */
  none?: string;
}

/** Any of a closed list, in the list's own order. */
export function Several({ legend, options, chosen, onChange, none }: SeveralProps) {
  const styles = useStyles();
  return (
    <FieldGroup legend={legend}>
      {options.length === 0 && none && <span className={styles.none}>{none}</span>}
      <div className={styles.boxes}>
        {options.map(([value, text]) => (
          <Checkbox
            key={value}
            label={text}
            checked={chosen.includes(value)}
            onChange={(_, data) =>
              onChange(
                options.map(([option]) => option).filter((option) => (option === value ? data.checked : chosen.includes(option))),
              )
            }
          />
        ))}
      </div>
    </FieldGroup>
  );
}
