import { Badge, type BadgeProps } from "@fluentui/react-components";

import { words } from "./format";

type Color = NonNullable<BadgeProps["color"]>;

const COLORS: Record<string, Color> = {
  Active: "success",
  Activated: "success",
  AgreementSigned: "success",
  success: "success",
  Completed: "success",
  delivered: "success",
  sent: "success",
  published: "success",
  accepted: "success",
  Suspended: "warning",
  partial_success: "warning",
  AssignmentPending: "warning",
  warning: "warning",
  Expired: "warning",
  expired: "warning",
  in_progress: "informative",
  pending: "informative",
  waiting: "informative",
  ConsentAcknowledged: "informative",
  CustomerContacted: "informative",
  ConsentDeclined: "danger",
  ContractTerminated: "danger",
  Declined: "danger",
  declined: "danger",
  Error: "danger",
  failed: "danger",
  error: "danger",
  Removed: "subtle",
  Cancelled: "subtle",
  returned: "subtle",
  withdrawn: "subtle",
};

export function StatusBadge({ status, label }: { status: string; label?: string }) {
  return (
    <Badge appearance="tint" color={COLORS[status] ?? "informative"}>
      {label ?? words(status)}
    </Badge>
  );
}
