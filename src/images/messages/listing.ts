import {
  type ListImagesRequest,
  ListImagesRequest_MemberStatusFilter as MemberStatusFilter,
  ListImagesRequest_NumberRange_Field as NumberField,
  type ListImagesRequest_NumberRange,
  type ListImagesRequest_SortKey,
  ListImagesRequest_SortKey_Field as SortFieldMessage,
  type ListImagesRequest_TimeCondition,
  ListImagesRequest_TimeCondition_Operator as OperatorMessage,
  type ListImagesResponse,
} from '../../gen/apportion/images/v1/images_service.js';
import { invalid } from '../../kernel/failure.js';
import { pageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import { isCleanText } from '../../kernel/text.js';
import {
  completeOrder,
  type Condition,
  type ImageQuery,
  type PageSizes,
  type SortField,
  type SortKey,
  type TimeOperator,
  wholeSecond,
} from '../domain/listing.js';
import type { ImagePage } from '../service/images.js';
import { imageToMessage, statusFrom, visibilityFrom } from './images.js';

type TextField = Extract<Condition, { readonly kind: 'text' }>['field'];
type TimeField = Extract<Condition, { readonly kind: 'time' }>['field'];
type NumberFieldName = Extract<Condition, { readonly kind: 'number' }>['field'];

/** Returns the query of a ListImages request. */
export function imageQueryFromMessage(
  request: ListImagesRequest,
  { usual, largest }: PageSizes,
): Parsed<ImageQuery> {
  return attempt(() => {
    const { size, after } = unwrap(pageFromRequest(request, 1));
    if (request.allVisibilities && request.visibility !== undefined)
      throw invalid('Set visibility or all_visibilities, not both');
    const sort = request.sort.map(sortKeyFrom);
    return {
      limit: Math.min(request.pageSize === 0 ? usual : size, largest),
      marker: after?.[0],
      visibility: request.allVisibilities
        ? 'all'
        : request.visibility && visibilityFrom(request.visibility),
      memberStatus: memberStatusFrom(request.memberStatus),
      isHidden: request.osHidden,
      conditions: conditionsFrom(request),
      order: completeOrder(sort, sort.length),
    };
  });
}

/** Returns a page of images as a message. */
export function imagesResponse({ images, next }: ImagePage): ListImagesResponse {
  return {
    images: images.map(imageToMessage),
    nextPageToken: next === undefined ? '' : pageTokenAfter([next]),
    rest: undefined,
  };
}

function conditionsFrom(request: ListImagesRequest): readonly Condition[] {
  const isProtected = request.protected;
  return [
    ...textCondition('id', request.ids),
    ...textCondition('name', request.names),
    ...textCondition('status', request.statuses.map(statusFrom)),
    ...textCondition('container_format', request.containerFormats),
    ...textCondition('disk_format', request.diskFormats),
    ...textCondition('owner', request.owner === undefined ? [] : [request.owner]),
    ...request.tags.map((tag): Condition => ({ kind: 'tag', tag: clean(tag) })),
    ...Object.entries(request.properties).map(([name, value]): Condition => ({
      kind: 'property',
      name: clean(name),
      value: clean(value),
    })),
    ...request.createdAt.map((condition) => timeCondition('created_at', condition)),
    ...request.updatedAt.map((condition) => timeCondition('updated_at', condition)),
    ...request.numbers.flatMap(numberConditions),
    ...(isProtected === undefined ? [] : [{ kind: 'protected', isProtected } as const]),
  ];
}

function textCondition(field: TextField, anyOf: readonly string[]): readonly Condition[] {
  return anyOf.length === 0 ? [] : [{ kind: 'text', field, anyOf: anyOf.map(clean) }];
}

function timeCondition(
  field: TimeField,
  { operator, time }: ListImagesRequest_TimeCondition,
): Condition {
  const meant = OPERATORS[operator];
  if (meant === undefined || time === undefined || Number.isNaN(time.getTime()))
    throw invalid(`${field} needs a time, and an operator that is known`);
  return { kind: 'time', field, operator: meant, at: wholeSecond(time) };
}

function numberConditions(range: ListImagesRequest_NumberRange): readonly Condition[] {
  const field = NUMBER_FIELDS[range.field];
  if (field === undefined) throw invalid('numbers needs a field');
  const { least, most } = range;
  return [
    ...(least === undefined
      ? []
      : [{ kind: 'number', field, operator: 'least', value: least } as const]),
    ...(most === undefined
      ? []
      : [{ kind: 'number', field, operator: 'most', value: most } as const]),
  ];
}

function sortKeyFrom({ field, ascending }: ListImagesRequest_SortKey): SortKey {
  const meant = SORT_FIELDS[field];
  if (meant === undefined) throw invalid('sort needs a field');
  return { field: meant, ascending };
}

function memberStatusFrom(message: MemberStatusFilter): ImageQuery['memberStatus'] {
  const meant = MEMBER_STATUSES[message];
  if (meant === undefined) throw invalid('member_status is none of the known ones');
  return meant;
}

function clean(text: string): string {
  if (isCleanText(text)) return text;
  throw invalid('A filter contains characters that are not supported');
}

const MEMBER_STATUSES: Readonly<Record<string, ImageQuery['memberStatus']>> = {
  [MemberStatusFilter.MEMBER_STATUS_FILTER_UNSPECIFIED]: 'accepted',
  [MemberStatusFilter.MEMBER_STATUS_FILTER_PENDING]: 'pending',
  [MemberStatusFilter.MEMBER_STATUS_FILTER_ACCEPTED]: 'accepted',
  [MemberStatusFilter.MEMBER_STATUS_FILTER_REJECTED]: 'rejected',
  [MemberStatusFilter.MEMBER_STATUS_FILTER_ALL]: 'all',
};

const OPERATORS: Readonly<Record<string, TimeOperator>> = {
  [OperatorMessage.OPERATOR_UNSPECIFIED]: 'eq',
  [OperatorMessage.OPERATOR_GT]: 'gt',
  [OperatorMessage.OPERATOR_GTE]: 'gte',
  [OperatorMessage.OPERATOR_LT]: 'lt',
  [OperatorMessage.OPERATOR_LTE]: 'lte',
  [OperatorMessage.OPERATOR_EQ]: 'eq',
  [OperatorMessage.OPERATOR_NEQ]: 'neq',
};

const NUMBER_FIELDS: Readonly<Record<string, NumberFieldName>> = {
  [NumberField.FIELD_SIZE]: 'size',
  [NumberField.FIELD_VIRTUAL_SIZE]: 'virtual_size',
  [NumberField.FIELD_MIN_DISK]: 'min_disk',
  [NumberField.FIELD_MIN_RAM]: 'min_ram',
};

const SORT_FIELDS: Readonly<Record<string, SortField>> = {
  [SortFieldMessage.FIELD_NAME]: 'name',
  [SortFieldMessage.FIELD_STATUS]: 'status',
  [SortFieldMessage.FIELD_CONTAINER_FORMAT]: 'container_format',
  [SortFieldMessage.FIELD_DISK_FORMAT]: 'disk_format',
  [SortFieldMessage.FIELD_SIZE]: 'size',
  [SortFieldMessage.FIELD_ID]: 'id',
  [SortFieldMessage.FIELD_CREATED_AT]: 'created_at',
  [SortFieldMessage.FIELD_UPDATED_AT]: 'updated_at',
};
