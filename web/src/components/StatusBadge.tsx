import { Badge, type BadgeProps } from "@fluentui/react-components";

import { words } from "./format";

type Color = NonNullable<BadgeProps["color"]>;

const COLORS: Record<string, Color> = {
  Active: "success",
  Activated: "success",
  AgreementSigned: "success",
  success: "success",
  Suspended: "warning",
  partial_success: "warning",
  AssignmentPending: "warning",
  in_progress: "informative",
  pending: "informative",
  ConsentAcknowledged: "informative",
  CustomerContacted: "informative",
  ConsentDeclined: "danger",
  ContractTerminated: "danger",
  error: "danger",
  Removed: "subtle",
};

export function StatusBadge({ status, label }: { status: string; label?: string }) {
  return (
    <Badge appearance="tint" color={COLORS[status] ?? "informative"}>
      {label ?? words(status)}
    </Badge>
  );
}
