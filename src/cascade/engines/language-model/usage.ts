import type { UsageUnit } from '../../../flavor-api/index.js';
import type { StageIdentity, StageUsage } from '../../stages/stage.js';

/** Quantities as events; those of zero, and what is no quantity, are left out. */
export function usageOf(
  { provider, model }: StageIdentity,
  quantities: Readonly<Partial<Record<UsageUnit, number>>>,
): readonly StageUsage[] {
  return (Object.entries(quantities) as [UsageUnit, number][])
    .filter(([, quantity]) => Number.isFinite(quantity) && quantity > 0)
    .map(([unit, quantity]) => ({ type: 'usage', provider, model, unit, quantity }));
}

/** A count a provider sent, whatever it sent. */
export function count(value: number | null | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
