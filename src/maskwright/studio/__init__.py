"""The labelling studio: a project on disk that no kill can harm, and the page's server over it."""
