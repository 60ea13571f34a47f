// What a module file finds when it arrives: the core's object.

export const { hgTracking: hg } = window;
