"""Draws small pictures from words, as unCLIP does: a text becomes the embedding of an image, and that a picture.

Source: Ramesh et al., Hierarchical Text-Conditional Image Generation with CLIP Latents, 2022.

    words -> text tower -> prior P(z|words) -> z, an image embedding -> decoder P(picture|z) -> picture

    network.py    the four networks, forward only, in numpy
    needs.py      libraries of the extras
    sampling.py   from noise to a sample: DDPM, DDIM, DPM-Solver++
    artist.py     loads the weights and draws, varies, blends and changes pictures
    recipe.py     PNG files that say how they were made
    corpus.py     the pictures to learn from, out of packages (only for training)
    split.py      what is learnt and what is held back
    training.py   learns the four networks (only for training; needs torch)
    measuring.py  how well they do, for the card of the weights
"""
