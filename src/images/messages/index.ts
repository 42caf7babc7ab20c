export { imageQueryFromMessage, imagesResponse } from './listing.js';
export { imageResponse, newImageFromMessage, updateFromMessage } from './images.js';
export {
  createMemberFromMessage,
  listMembersFromMessage,
  memberResponse,
  membersResponse,
  updateMemberFromMessage,
} from './members.js';
export { schemaResponse, versionsResponse } from './documents.js';
