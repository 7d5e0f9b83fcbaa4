import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Spinner,
  tokens,
} from "@fluentui/react-components";
import type { FormEvent, ReactNode } from "react";

import { Refusal } from "./Refusal";
import { useReturnFocus } from "./returnFocus";

const useStyles = makeStyles({
  wide: { maxWidth: "840px" },
  content: {
    display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM,
    paddingTop: tokens.spacingVerticalM,
    paddingBottom: tokens.spacingVerticalL,
  },
});

interface FormDialogProps {
  title: string;
  /** Room for rows of several fields. */
  wide?: boolean;
  submit: string;
  /** Why the last try was refused. */
  error: unknown;
  busy: boolean;
  disabled?: boolean;
  onSubmit: () => void;
  onClose: () => void;
  /** Other steps, beside the main one. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A form in a dialog that stays open, with the refusal in it, until the server has agreed. */
export function FormDialog(props: FormDialogProps) {
  const { title, wide = false, submit, error, busy, disabled = false, onSubmit, onClose, actions, children } = props;
  const styles = useStyles();
  useReturnFocus();
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface className={wide ? styles.wide : undefined}>
        <form
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            if (!busy && !disabled) onSubmit();
          }}
        >
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              <Refusal error={error} />
              {children}
            </DialogContent>
            <DialogActions fluid>
              {actions}
              <Button onClick={onClose}>Cancel</Button>
              <Button
                type="submit"
                appearance="primary"
                disabledFocusable={busy || disabled}
                icon={busy ? <Spinner size="tiny" /> : null}
              >
                {submit}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
